"""The way from a problem to the proof that it is gone, as far as it was walked: told by what exists, not by ticks people set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import structlog
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from evals import fix_tests
from evals.experiments.fix_verdicts import Gate, GateState
from evals.experiments.models import Experiment, ExperimentState
from evals.fix_items import HOLD_OUT, TUNE
from evals.models import Dataset
from monitoring.issues import fixes, proof
from monitoring.issues.fix_models import FixState, FixStep, IssueFix
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState
from monitoring.issues.proof import Definition
from prompt_registry.models import PRODUCTION, PromptVersion
from webapp import formats
from webapp.pages import issues_fix_words as words

log = structlog.get_logger("callboard.issues")

PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Tick:
    """One step of the way: what there is, the page where it is done, and what somebody said about it."""

    name: str
    title: str
    is_done: bool
    text: str
    url: str = ""
    link: str = ""
    # Asked for with a button instead of a link, for something has to be made first.
    is_act: bool = False
    how: str = ""
    note: str = ""
    is_next: bool = False
    # Another page where it can be done.
    other_url: str = ""
    other_link: str = ""

    @property
    def state(self) -> str:
        """How it is drawn: done, skipped, next or later."""
        if self.how == fixes.SKIPPED and not self.is_done:
            return "skipped"
        return "done" if self.is_over else "next" if self.is_next else "later"

    @property
    def is_over(self) -> bool:
        return self.is_done or bool(self.how)

    @property
    def words(self) -> str:
        """What the state is called."""
        if self.is_done:
            return "done"
        return {fixes.SKIPPED: "left out", fixes.ELSEWHERE: "done elsewhere"}.get(
            self.how, "next" if self.is_next else "later"
        )


@dataclass(frozen=True, slots=True)
class FixPath:
    """The way of the newest fix, what is expected and was shown, and the fixes before it."""

    fix: IssueFix | None
    ticks: Sequence[Tick]
    expected: str = ""
    rests_on: str = ""
    proof: str = ""
    basis: str = ""
    earlier: Sequence[tuple[IssueFix, str]] = ()
    recurrences: Sequence[str] = field(default_factory=tuple)

    @property
    def next_tick(self) -> Tick | None:
        return next((tick for tick in self.ticks if tick.is_next), None)

    @property
    def is_open(self) -> bool:
        return self.fix is not None and self.fix.is_open


@dataclass(frozen=True, slots=True)
class _Found:
    issue: Issue
    fix: IssueFix
    dataset: Dataset | None
    version: PromptVersion | None
    test: Experiment | None


def path_of(issue: Issue) -> FixPath:
    """Return the ticks of the newest fix; the first that is not done is the next one."""
    known = fixes.of_issue(issue)
    if not known:
        return FixPath(None, _before(issue), recurrences=_recurrences(issue))
    fix = known[0]
    found = _found(issue, fix)
    if found.test is not None and found.test.is_over:
        fix_tests.refresh(fix=fix, now=timezone.now())
    ticks = [
        _marked(fix, tick)
        for tick in (_examples(found), _dataset(found), _version(found), _test(found), _rollout(found))
    ]
    ticks.append(_proof(found))
    following = _following(fix, ticks)
    base_rate = float(fix.definition.get("base_rate", 0.0))
    return FixPath(
        fix, [replace(tick, is_next=place == following) for place, tick in enumerate(ticks)],
        expected=words.expected_of(fix.prediction, base_rate=base_rate),
        rests_on=words.rests_on(fix.prediction) if fix.prediction else "",
        proof=words.proof_of(fix), basis=words.basis_of(fix), earlier=[(one, words.proof_of(one)) for one in known[1:]],
        recurrences=_recurrences(issue),
    )  # fmt: skip


def test_url(fix: IssueFix, version: PromptVersion) -> str:
    """Return the page of a new test of the version against what is live, on the dataset of the fix, with the checks that tell."""
    live = version.prompt.labels.filter(name=PRODUCTION).select_related("version").first()
    whats = [live.version.number] if live and live.version_id != version.pk else []
    chosen: list[tuple[str, Any]] = [("prompt", version.prompt_id), ("dataset", fix.dataset_id or "")]
    chosen += [("what", number) for number in [*whats, version.number]]
    chosen += [("check", key) for key in fix_tests.checks_for(fix.issue)]
    return f"{reverse('experiment-new', args=[fix.project.slug])}?{urlencode(chosen)}"


def _following(fix: IssueFix, ticks: Sequence[Tick]) -> int | None:
    """Return the place of the next step; while a rollout goes on, what was not done before it no longer matters."""
    if not fix.is_open:
        return None
    first = len(ticks) - 1 if fix.rollout is not None else 0
    return next((place for place, tick in enumerate(ticks) if place >= first and not tick.is_over), None)


def _before(issue: Issue) -> list[Tick]:
    """Return the steps of an issue that nobody began to fix."""
    texts = {
        FixStep.EXAMPLES: "Choose calls that show it", FixStep.DATASET: "Keep them, to test every new version on",
        FixStep.VERSION: "Write it, with the examples beside it", FixStep.TEST: "Compare it with the old one",
        FixStep.ROLLOUT: "Give it to more and more people",
    }  # fmt: skip
    ticks = [Tick(step.value, str(step.label), False, texts[step]) for step in FixStep]
    gone = f"Since {formats.ago(issue.state_at)}" if issue.state == IssueState.VERIFIED else "Watched on real calls"
    return [*ticks, Tick(PROOF, "Proved gone", issue.state == IssueState.VERIFIED, gone)]


def _found(issue: Issue, fix: IssueFix) -> _Found:
    dataset = Dataset.objects.for_project(issue.project).active().filter(pk=fix.dataset_id or 0).first()
    version = fixes.version_of(fix)
    return _Found(issue, fix, dataset, version, fix_tests.newest_test(fix, version))


def _marked(fix: IssueFix, tick: Tick) -> Tick:
    mark = fix.mark_of(tick.name)
    if not mark or tick.is_done:
        return tick
    return replace(tick, how=mark["how"], note=f"{mark['note']} ({mark.get('name', 'somebody')})")


def _examples(found: _Found) -> Tick:
    url = reverse("issue-examples", args=[found.issue.project.slug, found.issue.number])
    bad = sum(1 for one in found.fix.examples if one[2])
    good = len(found.fix.examples) - bad
    text = f"{bad} with the problem, {good} good ones" if found.fix.examples else "Choose calls that show it"
    return Tick(
        FixStep.EXAMPLES, "Examples", bool(found.fix.examples), text, url, "Look at them" if found.fix.examples else "Choose the examples"
    )  # fmt: skip


def _dataset(found: _Found) -> Tick:
    title, slug = str(FixStep.DATASET.label), found.issue.project.slug
    if found.dataset is None:
        url = reverse("issue-dataset", args=[slug, found.issue.number])
        return Tick(FixStep.DATASET, title, False, "Keep them, to test every new version on", url, "Make the dataset")
    counts = dict(found.dataset.items.current().values_list("split").annotate(count=Count("pk")))
    sides = (
        f", {counts[TUNE]} to write by, {counts[HOLD_OUT]} held out"
        if counts.get(TUNE) and counts.get(HOLD_OUT)
        else ""
    )
    text = f"{found.dataset.name}: {formats.full_count(found.dataset.item_count)} calls{sides}"
    return Tick(FixStep.DATASET, title, True, text, reverse("dataset", args=[slug, found.dataset.pk]), "Open it")


def _version(found: _Found) -> Tick:
    title, slug, prompt = str(FixStep.VERSION.label), found.issue.project.slug, found.fix.prompt
    if found.version is not None:
        url = reverse("prompt-version", args=[slug, found.version.prompt_id, found.version.number])
        return Tick(FixStep.VERSION, title, True, f"v{found.version.number}", url, "Look at it")
    if prompt is None:
        return Tick(
            FixStep.VERSION, title, False, "Not of one prompt alone: fix it where it comes from, and say so here"
        )
    url = f"{reverse('prompt', args=[slug, prompt.pk])}?issue={found.issue.number}"
    return Tick(
        FixStep.VERSION,
        title,
        False,
        f"Write one of {prompt.name}, with the examples beside it",
        url,
        "Write the new version",
        other_url=reverse("issue-proposal", args=[slug, found.issue.number]) if found.dataset is not None else "",
        other_link="Propose a fix",
    )


def _test(found: _Found) -> Tick:
    title = str(FixStep.TEST.label)
    if found.test is None:
        if found.version is None or found.dataset is None:
            return Tick(FixStep.TEST, title, False, "Compare it with the old one")
        text = f"Compare v{found.version.number} with what is live, on these calls"
        return Tick(FixStep.TEST, title, False, text, link="Set up the test", is_act=True)
    url = reverse("experiment", args=[found.issue.project.slug, found.test.pk])
    if not found.test.is_over or found.version is None:
        return Tick(
            FixStep.TEST, title, False, f"{found.test.get_state_display()}: {found.test.name}", url, "See how it goes"
        )
    gate = _gate(found.fix.pk, found.test.pk, str(found.test.ended_at), found.version.pk)
    if gate is None:
        return Tick(FixStep.TEST, title, False, "It says nothing about this version", url, "See the result")
    text = gate.why
    if gate.problems is not None and gate.problems.items:
        items = gate.problems.items
        text += f" Of {items} held-out {'call' if items == 1 else 'calls'} with the problem it does well on {_points(gate.problems)}."
    return Tick(FixStep.TEST, title, gate.state == GateState.PASSED, text, url, "See the result")


@lru_cache(maxsize=500)
def _gate(fix_id: int, experiment_id: int, ended_at: str, version_id: int) -> Gate | None:
    """What ended does not change; when failed answers are tried again, it ends at another moment."""
    fix = IssueFix.objects.select_related("issue__project").get(pk=fix_id)
    experiment = Experiment.objects.select_related("project", "dataset").get(pk=experiment_id)
    if experiment.state != ExperimentState.DONE:
        return None
    version = PromptVersion.objects.get(pk=version_id)
    return fix_tests.gate_of(fix=fix, experiment=experiment, version=version)


def _points(difference: Any) -> str:
    points, low, high = (100 * one for one in (difference.estimate, difference.interval.low, difference.interval.high))
    than = "more" if points >= 0 else "fewer"
    return f"{abs(points):.0f} in 100 {than} than before (from {low:+.0f} to {high:+.0f})"


def _rollout(found: _Found) -> Tick:
    title, slug, rollout = str(FixStep.ROLLOUT.label), found.issue.project.slug, found.fix.rollout
    if rollout is not None:
        url = reverse("rollout", args=[slug, rollout.pk])
        text = f"{rollout.get_state_display()}, {formats.percent(rollout.share)}"
        return Tick(FixStep.ROLLOUT, title, rollout.state == "completed", text, url, "Look at the rollout")
    if found.version is None or found.fix.prompt is None:
        return Tick(FixStep.ROLLOUT, title, False, "Give it to more and more people")
    page = reverse("rollout-start", args=[slug, found.fix.prompt.pk])
    url = f"{page}?version={found.version.number}&to={PRODUCTION}"
    text = "Give it to more and more people, and see whether fewer of them meet this"
    return Tick(FixStep.ROLLOUT, title, False, text, url, "Start the rollout")


def _proof(found: _Found) -> Tick:
    fix, title = found.fix, "Proved gone"
    if not fix.is_open:
        return Tick(PROOF, title, fix.state == FixState.VERIFIED, words.proof_of(fix))
    if fix.rollout is not None:
        url = reverse("rollout", args=[found.issue.project.slug, fix.rollout.pk])
        return Tick(PROOF, title, False, _so_far(fix), url, "Watch the rollout")
    if fix.mark_of(FixStep.ROLLOUT):
        url = f"{reverse('issue', args=[found.issue.project.slug, found.issue.number])}?do=resolve"
        return Tick(
            PROOF,
            title,
            False,
            "Without a rollout there is no proof. Close it when the numbers say so.",
            url,
            "Close it",
        )
    return Tick(PROOF, title, False, "Measured on real people during the rollout")


def _so_far(fix: IssueFix) -> str:
    rollout = fix.rollout
    if rollout is None:
        return ""
    try:
        effect = proof.measure(rollout=rollout, definition=Definition.from_json(fix.definition))
    except Exception:  # the page must open whatever is wrong with the numbers
        log.exception("what a rollout showed so far could not be worked out", fix=fix.pk)
        return "What it showed so far cannot be worked out now."
    return words.so_far(effect, version=rollout.candidate.number)


def _recurrences(issue: Issue) -> list[str]:
    """Return what changed since it was closed, of an issue that came back."""
    if issue.state != IssueState.REGRESSED:
        return []
    event = IssueEvent.objects.filter(issue=issue, kind=Happening.REGRESSED).order_by("-at", "-pk").first()
    return [words.recurrence(one) for one in event.numbers.get("changed", [])] if event else []
