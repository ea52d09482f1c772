"""Starts replays: calls that were answered are asked again with another text, and users never see the new answers.

A replay is an experiment whose first column holds what was answered then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from evals.errors import EvalsError
from evals.evaluators.models import EvaluatorVersion
from evals.experiments import changes, money, recorded
from evals.experiments.models import Experiment
from evals.experiments.money import SAMPLE, Estimate
from evals.experiments.plans import RECORDED, ExperimentPlan, Variant
from evals.models import Dataset, DatasetItem
from evals.replays import items, reading
from evals.replays.reading import ReplayCall, Sample, Traffic
from monitoring.replay_calls import Fate
from projects.models import User
from projects.roles import Action
from prompt_registry import contents, snippets
from prompt_registry.contents import PromptContent
from prompt_registry.models import PRODUCTION, Prompt
from prompt_registry.permissions import demand

AS_ANSWERED = "As answered"


class NothingToReplay(EvalsError):
    """No call of this time can be asked again: there is none, or its texts were not recorded."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to replay: the text, the calls and how many of them, the checks."""

    prompt: Prompt
    variant: Variant
    traffic: Traffic
    wanted: int
    evaluators: Sequence[EvaluatorVersion]
    cap_nano_usd: int = 0


def estimate(wish: Wish, drawn: Sample, found: Sequence[ReplayCall]) -> Estimate:
    """Return what a replay takes, worked out from some of its calls."""
    dataset = Dataset(project=wish.prompt.project, name=wish.prompt.name)
    rows = [DatasetItem(input=one.call.input, context=one.call.context) for one in found[:SAMPLE]]
    plan = _plan(wish, dataset, _column(wish.prompt, found))
    return money.of_sample(plan=plan, sample=rows, count=len(drawn.taken))


def some_of(drawn: Sample) -> Sample:
    """Return the part of a sample that a price is worked out from, evenly spread over it."""
    step = max(1, -(-len(drawn.taken) // SAMPLE))
    return Sample(drawn.taken[::step], drawn.sizes)


@transaction.atomic
def start(*, wish: Wish, by: User) -> Experiment:
    """Put the calls into a dataset of their own and let the text answer them; nothing is asked before this is committed."""
    project = wish.prompt.project
    demand(project=project, action=Action.RUN_MODELS, by=by)
    drawn = reading.sample(wish.traffic, wanted=wish.wanted)
    found = reading.read(wish.traffic, drawn)
    if not found:
        raise NothingToReplay
    day = in_words(wish.traffic.scope.since, wish.traffic.scope.until)
    dataset = items.new_dataset(
        project=project, name=f"{wish.prompt.name}/replay {day}", by=by,
        description=f"Calls of {day}, some of every kind; «{items.STANDS_FOR}» says how many calls an item stands for.",
    )  # fmt: skip
    unique = items.prepared(project=project, found=found)
    answers = items.add(dataset=dataset, found=unique, names=reading.names_of(wish.traffic, wish.prompt, drawn), by=by)
    plan = _plan(wish, dataset, _column(wish.prompt, found), missing=len(drawn.taken) - len(found))
    experiment = changes.start(plan=plan, by=by)
    recorded.fill(experiment=experiment, column=0, answers=answers)
    return experiment


def in_words(since: datetime, until: datetime) -> str:
    """Return the days of a period, such as «28 Nov» for the 24 hours that began on that day."""
    first, last = since.date(), (until - timedelta(hours=24) if until - since > timedelta(hours=24) else since).date()
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def told(traffic: Traffic, *, missing: int = 0) -> str:
    """Return which calls these are and which were left out, in sentences."""
    since, until = traffic.scope.since, traffic.scope.until
    noun = "call" if traffic.calls == 1 else "calls"
    left_out = left_out_of(traffic, missing=missing)
    whole = f"{traffic.calls:,} {noun} from {_moment(since)} to {_moment(until)} UTC."
    return f"{whole} Left out: {left_out}." if left_out else whole


def left_out_of(traffic: Traffic, *, missing: int = 0) -> str:
    """Return how many calls cannot be asked again and why, in words; nothing when all can."""
    reasons = [
        (traffic.count(Fate.FAILED), "that failed"),
        (traffic.count(Fate.NO_TEXT), "without a recorded text"),
        (traffic.count(Fate.OTHER_TEXT), "that a running rollout gave the other text"),
        (missing, "of the sample without a recorded answer"),
    ]
    return ", ".join(f"{count:,} {why}" for count, why in reasons if count)


def _plan(wish: Wish, dataset: Dataset, column: Variant, *, missing: int = 0) -> ExperimentPlan:
    day = in_words(wish.traffic.scope.since, wish.traffic.scope.until)
    return ExperimentPlan(
        name=f"{wish.variant.title} on the calls of {day}", dataset=dataset, revision=dataset.revision, prompt=wish.prompt,
        variants=[column, wish.variant], evaluators=wish.evaluators, cap_nano_usd=wish.cap_nano_usd,
        note=told(wish.traffic, missing=missing),
    )  # fmt: skip


def _column(prompt: Prompt, found: Sequence[ReplayCall]) -> Variant:
    """Return the column of what was answered: with the text that is live, so that both texts can be compared."""
    number, content = _live(prompt)
    models = Counter(one.answer.model for one in found if one.answer.model)
    return Variant(
        kind=RECORDED, number=number, is_live=False, content=content.to_json() if content else {}, connection_id=0,
        connection_name="", model=models.most_common(1)[0][0] if models else "", is_simulated=False, label=AS_ANSWERED,
    )  # fmt: skip


def _live(prompt: Prompt) -> tuple[int, PromptContent | None]:
    label = prompt.labels.filter(name=PRODUCTION).select_related("version__prompt").first()
    if label is None:
        return 0, None
    content = contents.of_version(label.version)
    composed = snippets.composed(content, project_id=prompt.project_id, name=prompt.name)
    return label.version.number, content if composed.problems else composed.content


def _day(day: object) -> str:
    return f"{day:%-d %b}"


def _moment(moment: datetime) -> str:
    return f"{moment:%-d %b %H:%M}"
