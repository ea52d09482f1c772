"""What the page of a rollout shows, put together from what was counted and decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.safestring import SafeString

from evals.statistics.intervals import Interval, wilson
from monitoring.rollout_counts import Counts, StepCounts
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes, durations, plans
from prompt_registry.rollouts.decisions import (
    PROMOTE_AT,
    ROLL_BACK_AT,
    WARN_AT,
    Action,
    Decision,
    Evidence,
    Part,
    Situation,
    counted,
    decide,
)
from prompt_registry.rollouts.evidence import risk_interval
from prompt_registry.rollouts.guardrails import Guardrail, Plan
from prompt_registry.rollouts.models import RolloutState
from webapp import formats, rollout_svg
from webapp.charts import TimeSeriesChart, Unit

_MOST_POINTS = 300
_MOST_LINES = 6
# Beyond this nobody reads the number as a number.
_MOST_EVIDENCE = 1_000
# What would need more than so many is not worth a word.
_MOST_MORE = 512
_MOST_BETTER = 2
_LONGEST_WORTH_SAYING = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How many people of one version had the event."""

    events: int
    people: int

    @property
    def share(self) -> float | None:
        return self.events / self.people if self.people else None

    @property
    def interval(self) -> Interval:
        return wilson(self.events, self.people)


@dataclass(frozen=True, slots=True)
class Tile:
    """One thing that is watched: both rates, how many times as often it may happen, and what that means."""

    guardrail: Guardrail
    control: Rate
    candidate: Rate
    low: float
    high: float
    evidence: Evidence

    @property
    def status(self) -> str:
        """Return the verdict in the words of the page: worse, maybe worse, fine, or not enough data."""
        if self.evidence.harm >= ROLL_BACK_AT:
            return "worse"
        if not self.guardrail.is_gate and self.evidence.harm < WARN_AT:
            return "watched for harm"
        if self.evidence.harm >= WARN_AT:
            return "maybe worse"
        if self.evidence.not_worse >= PROMOTE_AT:
            return "better" if self.high < 1 else "fine"
        return "not enough data"

    @property
    def comparison(self) -> str:
        """Return both rates in words, the new version's first."""
        return f"{self.guardrail.title} {formats.percent(self.candidate.share)} against {formats.percent(self.control.share)}"

    @property
    def kind(self) -> str:
        """Return the colour of the status."""
        return {"worse": "bad", "maybe worse": "warn", "fine": "good", "better": "good"}.get(self.status, "")

    @property
    def band(self) -> SafeString:
        """Return the interval as a picture, with the line that it must not cross."""
        return rollout_svg.band(low=self.low, high=self.high, limit=self.evidence.margin)

    @property
    def sentence(self) -> str:
        """Return what the interval says, in words."""
        if self.low == 0 and math.isinf(self.high):
            return "Nothing can be said yet."
        high = f"{self.high:.1f}" if math.isfinite(self.high) else "any number of"
        return f"Between {self.low:.1f} and {high} times as often as before; more than {self.evidence.margin:.1f} stops the next step."

    @property
    def evidence_words(self) -> str:
        """Return how strong the evidence is that this alone got worse."""
        if self.evidence.harm > math.log(_MOST_EVIDENCE):
            return f"Over {_MOST_EVIDENCE:,} of 20"
        return f"{math.exp(self.evidence.harm):,.1f} of 20"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What would take the version back: so many more people with this, if nothing else happened."""

    title: str
    more: int


@dataclass(frozen=True, slots=True)
class Stop:
    """One share on the rail of steps."""

    share: float
    state: str
    about_seconds: float
    asks_first: bool = False


@dataclass(frozen=True, slots=True)
class ArmView:
    """One version: how many people and calls it has, and which share it should and does have."""

    number: int
    name: str
    # How the trace list calls this side.
    arm: str
    people: int
    calls: int
    asked: float
    seen: float | None


def tiles(plan: Plan, counts: Counts, situation: Situation, decision: Decision) -> list[Tile]:
    """Return one tile for each guardrail."""
    shares = [plans.new_share([step.share for step in plan.steps], index) for index in range(situation.index + 1)]
    found, place = [], 0
    for guardrail, metric, evidence in zip(plan.guardrails, situation.metrics, decision.evidence, strict=True):
        low, high = risk_interval(*counted(metric, 0, shares))
        found.append(
            Tile(guardrail, _rate(counts.control, place), _rate(counts.candidate, place), low, high, evidence)
        )  # fmt: skip
        place += guardrail.parts
    return found


def arms(rollout: Rollout, counts: Counts) -> list[ArmView]:
    """Return both versions at the present step, with the share of new people that each should and does have."""
    plan = changes.plan_of(rollout)
    asked = plans.new_share([step.share for step in plan.steps], rollout.step)
    ours, theirs = counts.candidate[-1], counts.control[-1]
    both = ours.units + theirs.units
    seen = ours.units / both if both else None
    return [
        ArmView(
            rollout.control.number, "now", "control", _units(counts.control), _calls(counts.control), 1 - asked,
            None if seen is None else 1 - seen,
        ),
        ArmView(rollout.candidate.number, "new", "candidate", _units(counts.candidate), _calls(counts.candidate), asked, seen),
    ]  # fmt: skip


def stops(rollout: Rollout, plan: Plan) -> list[Stop]:
    """Return the rail of steps, up to everybody."""
    seconds = durations.seconds_per_step(plan)
    found = [
        Stop(step.share, _state(rollout, index), about, step.asks_first)
        for index, (step, about) in enumerate(zip(plan.steps, seconds, strict=True))
    ]
    last = "now" if rollout.state == RolloutState.COMPLETED else "later"
    return [*found, Stop(1.0, last, 0)]


def verdict(rollout: Rollout, decision: Decision, shown: Sequence[Tile], *, new_people: int = 0) -> str:
    """Return the few words that say how it stands; `new_people` are those of both versions at the present share."""
    number = rollout.candidate.number
    if rollout.state == RolloutState.COMPLETED:
        return f"v{number} is live for everybody. {rollout.reason}"
    if rollout.state == RolloutState.ROLLED_BACK:
        return f"v{number} was taken back; everybody gets v{rollout.control.number}. {rollout.reason}"
    start = f"v{number} is at {formats.percent(rollout.share)}{' and paused' if rollout.state == RolloutState.PAUSED else ''}."
    if rollout.trouble:
        return f"{start} {rollout.trouble}"
    if decision.action == Action.FREEZE:
        return f"{start} It waits, because its numbers cannot be trusted now. {decision.reason}"
    if worse := [tile for tile in shown if tile.status in ("worse", "maybe worse")]:
        return f"{start} It may be getting worse: {', '.join(tile.comparison.lower() for tile in worse)}."
    better = [f"{tile.comparison}: better." for tile in shown if tile.status == "better"]
    unsure = [tile.guardrail.title for tile in shown if tile.status == "not enough data" and tile.guardrail.is_gate]
    return " ".join([start, "Safe so far.", *better[:_MOST_BETTER], *_unsure(rollout, unsure, new_people)])


def _unsure(rollout: Rollout, titles: Sequence[str], new_people: int) -> list[str]:
    if not titles:
        return []
    sentence = f"Not enough data yet about {', '.join(title.lower() for title in titles)}"
    left = durations.seconds_left(changes.plan_of(rollout), index=rollout.step, titles=titles, units=new_people)
    if not 0 < left < _LONGEST_WORTH_SAYING:
        return [f"{sentence}."]
    return [f"{sentence}, usually at most {formats.duration_seconds(left)} more."]


def including_words(names: Sequence[str]) -> str:
    """Return what happens to prompts that include the one that is rolled out."""
    shown = ", ".join(dict.fromkeys(names))
    return f"It reaches applications that ask for this prompt itself. {shown} changes for everybody at once when the rollout is completed."


def without_numbers(rollout: Rollout) -> str:
    """Return the one sentence of the page when nothing can be counted."""
    share = formats.percent(rollout.share)
    return f"v{rollout.candidate.number} is at {share}. How it does cannot be shown now; people in charge can read why in the log."


def next_step(rollout: Rollout, plan: Plan, decision: Decision, now: datetime) -> str:
    """Return what happens next by itself, or what the rollout waits for."""
    if not rollout.is_active:
        return ""
    if rollout.state == RolloutState.PAUSED:
        return "Nothing moves by itself until somebody continues. Everybody keeps the version they have."
    step = plan.steps[rollout.step]
    left = step.at_least - (now - changes.began(rollout)[-1]).total_seconds()
    following = plan.steps[rollout.step + 1].share if rollout.step + 1 < len(plan.steps) else 1.0
    if left > 0 and decision.action == Action.WAIT:
        return f"{formats.percent(following)} in {formats.duration_seconds(left)} at the earliest."
    return f"Before {formats.percent(following)}: {decision.reason[0].lower()}{decision.reason[1:]}"


def triggers(plan: Plan, situation: Situation) -> list[Trigger]:
    """Return for each guardrail after how many more people of the new version with it, one after the other, it is taken back."""
    found = []
    for index, guardrail in enumerate(plan.guardrails):
        low, high = 0, 1
        while high <= _MOST_MORE and not _is_undone(situation, index, high):
            low, high = high, high * 2
        if high > _MOST_MORE:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _is_undone(situation, index, middle) else (middle, high)
        found.append(Trigger(guardrail.title, high))
    return found


def _is_undone(situation: Situation, index: int, more: int) -> bool:
    metric = situation.metrics[index]
    parts = tuple(
        Part(part.candidate_events + more, (*part.events[:-1], part.events[-1] + more)) for part in metric.parts
    )
    metrics = list(situation.metrics)
    metrics[index] = replace(metric, parts=parts)
    return decide(replace(situation, metrics=tuple(metrics))).action == Action.ROLL_BACK


def each_history(looks: Sequence[tuple[datetime, Mapping[str, float]]], plan: Plan) -> TimeSeriesChart | None:
    """Return how the evidence about each guardrail grew that it did not get worse than allowed, with what is asked for."""
    titles = [guardrail.title for guardrail in plan.guardrails if guardrail.is_gate][:_MOST_LINES]
    if len(looks) < 2 or not titles:
        return None
    step = max(1, math.ceil(len(looks) / _MOST_POINTS))
    points = [
        (at, (*(_strength(found[title]) if title in found else None for title in titles), 10.0))
        for at, found in looks[::step]
    ]
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
        return None
    return TimeSeriesChart(
        title="Evidence that nothing got worse than allowed", unit=Unit.COUNT, series=[*titles, "Enough at"], points=points,
        colours=[*(f"s{number + 1}" for number in range(len(titles))), "s-good"],
    )  # fmt: skip


def history(looks: Sequence[tuple[datetime, float]], shares: Sequence[tuple[datetime, int]]) -> TimeSeriesChart | None:
    """Return how the evidence that something got worse grew, with the limit; nothing before two looks."""
    if len(looks) < 2:
        return None
    step = max(1, math.ceil(len(looks) / _MOST_POINTS))
    points = [(at, (_strength(harm), 20.0)) for at, harm in looks[::step]]
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
        return None
    return TimeSeriesChart(
        title="Evidence that something got worse", unit=Unit.COUNT, series=["Evidence", "Taken back at"],
        points=points, markers=[(at, formats.percent(ppm / 1e6)) for at, ppm in shares], colours=["s1", "s-bad"],
    )  # fmt: skip


def total_words(plan: Plan) -> str:
    """Return about how long the whole plan takes, in words."""
    seconds = sum(durations.seconds_per_step(plan))
    if math.isinf(seconds):
        return "how long cannot be said: there was no traffic to judge by"
    return f"usually at most {formats.duration_seconds(timedelta(seconds=seconds).total_seconds())}"


def reach(plan: Plan) -> list[str]:
    """Return who the rollout is about, as far as that is not everybody, and when it keeps still."""
    targeting, sentences = plan.targeting, []
    if targeting.environments:
        sentences.append(f"Only in {', '.join(targeting.environments)}.")
    for name, values in targeting.attributes.items():
        sentences.append(f"Only for people whose {name} is {' or '.join(values)}.")
    if targeting.testers:
        sentences.append(f"{len(targeting.testers)} testers get the new version from the start; they are not counted.")
    begin, end = plan.quiet_hours
    if begin != end:
        sentences.append(f"Nothing moves on by itself from {begin}:00 to {end}:00 UTC.")
    return sentences


def _strength(harm: float) -> float:
    """Return an e-value that fits a picture: beyond forty nothing changes any more."""
    return min(40.0, math.exp(min(harm, 10.0)))


def _state(rollout: Rollout, index: int) -> str:
    if index == rollout.step and rollout.state != RolloutState.COMPLETED:
        return "now" if rollout.is_active else "ended"
    return "done" if index <= rollout.step else "later"


def _rate(steps: Sequence[StepCounts], place: int) -> Rate:
    return Rate(sum(step.events[place] for step in steps), _units(steps))


def _units(steps: Sequence[StepCounts]) -> int:
    return sum(step.units for step in steps)


def _calls(steps: Sequence[StepCounts]) -> int:
    return sum(step.all_calls for step in steps)
