"""What tests say about a version before it is published: better, worse, or not tested."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from evals.experiments import matching
from evals.experiments.matching import Match
from prompt_registry.checks import INFORMS, TICK, Check
from prompt_registry.contents import PromptContent
from prompt_registry.models import PromptVersion
from webapp import formats
from webapp.pages import experiments_verdicts
from webapp.pages.experiments_verdicts import BETTER, MIXED, SAME, WORSE, ListVerdict


@dataclass(frozen=True, slots=True)
class Tested:
    """Whether this very text was tested against what is live, what came out, and where to read or start the test."""

    check: Check
    label: str
    url: str
    is_tested: bool
    # Whether it came out better, or without a difference.
    has_passed: bool = False


def of(
    *, version: PromptVersion, content: PromptContent, live: PromptVersion | None, live_content: PromptContent | None
) -> Tested | None:
    """Return what tests say about replacing what is live; None when nothing is, or when it is the same text."""
    if live is None or live_content is None or live_content.hash == content.hash:
        return None
    match = matching.find(prompt=version.prompt, before=live_content.hash, after=content.hash)
    return _not_tested(version, live) if match is None else _tested(match, live)


def _not_tested(version: PromptVersion, live: PromptVersion) -> Tested:
    prompt = version.prompt
    # Who tests a prompt wants to be stopped once when it was forgotten; who never does is only told.
    level = TICK if matching.was_ever_tested(prompt) else INFORMS
    chosen = [("prompt", prompt.pk), ("what", live.number), ("what", version.number)]
    url = f"{reverse('experiment-new', args=[prompt.project.slug])}?{urlencode(chosen)}"
    check = Check(level, f"This text was not tested against v{live.number}, which is live.")
    return Tested(check, f"Test v{version.number} against v{live.number}", url, is_tested=False)


def _tested(match: Match, live: PromptVersion) -> Tested:
    experiment = match.experiment
    verdict = experiments_verdicts.of_column(experiment, against=match.before, column=match.after)
    url = reverse("experiment", args=[experiment.project.slug, experiment.pk])
    when = formats.ago(experiment.ended_at or experiment.created_at)
    words = f"Tested against v{live.number} {when}: {_in_words(verdict)}."
    level = TICK if verdict.word in (WORSE, MIXED) else INFORMS
    has_passed = verdict.word in (BETTER, SAME)
    return Tested(Check(level, words), "Read the test", url, is_tested=True, has_passed=has_passed)


def _in_words(verdict: ListVerdict) -> str:
    plain = {BETTER: "better", WORSE: "worse", MIXED: "better at some checks, worse at others", SAME: "no difference"}
    return plain.get(verdict.word, "not enough items to tell")
