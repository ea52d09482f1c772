"""Tells whether a new version made something rarer, from the people of both arms alone. Pure, over counts.

People are compared with others of the same step: they came at the same time, from the same traffic, and the lot alone decided
which version they got. So nothing that changes meanwhile (what people ask, how many come, the hour) can pass for an effect.
The multiple of the risk has an interval that holds however often it is looked at; the rates are those of the steps, each
weighted by how much it says (Mantel and Haenszel 1959).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prompt_registry.rollouts.evidence import NOT_WORSE, Stage, ln_e, risk_interval

# Both ends of the interval are outside with 2.5 % each.
PROVED_AT = math.log(1 / 0.025)
# The analysis comes to the last calls within minutes, and people say late what they think.
SETTLED_AFTER = 3600.0


class Finding(StrEnum):
    """What the comparison says so far."""

    RARER = "rarer"
    MORE_FREQUENT = "more frequent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ArmsAtStep:
    """People compared at one step, how many of them met it, and which share should have had the new version."""

    share: float
    new_people: int
    new_met: int
    old_people: int
    old_met: int


@dataclass(frozen=True, slots=True)
class Effect:
    """How often people of the old and of the new version met it, and how many times as often that is, with its interval."""

    before: float
    after: float
    times_low: float
    times_high: float
    new_people: int
    new_met: int
    old_people: int
    old_met: int

    @property
    def times(self) -> float | None:
        return self.after / self.before if self.before else None

    @property
    def less_low(self) -> float:
        """The least that it fell, as a share of people; below zero when it may have risen."""
        return max(self.before - 1.0, self.before * (1 - self.times_high)) if self.before else -1.0

    @property
    def less_high(self) -> float:
        """The most that it fell."""
        return self.before * (1 - self.times_low)

    @property
    def finding(self) -> Finding:
        if self.times_high < 1:
            return Finding.RARER
        return Finding.MORE_FREQUENT if self.times_low > 1 else Finding.UNKNOWN


def effect(steps: Sequence[ArmsAtStep]) -> Effect:
    """Return what the new version did."""
    stages = [Stage(step.share, step.new_met + step.old_met) for step in steps]
    met = sum(step.new_met for step in steps)
    low, high = risk_interval(met, stages)
    weights = [_weight(step) for step in steps]
    before = _mean([(step.old_met, step.old_people) for step in steps], weights)
    after = _mean([(step.new_met, step.new_people) for step in steps], weights)
    return Effect(
        before, after, low, high, sum(step.new_people for step in steps), met,
        sum(step.old_people for step in steps), sum(step.old_met for step in steps),
    )  # fmt: skip


def is_proved(found: Effect, *, is_completed: bool, is_taken_back: bool, ended_for: float) -> bool | None:
    """Tell whether a fix is proved, so many seconds after its rollout ended; None as long as that is not known.

    While a rollout goes on nothing is settled. Afterwards a fall is one at once, however early it was seen; that there is
    none is only said when the last calls were looked at, and late opinions had time to come.
    """
    if is_taken_back:
        return False
    if not is_completed:
        return None
    if found.finding == Finding.RARER:
        return True
    return None if ended_for < SETTLED_AFTER else False


def ln_e_of_fall(candidate_events: int, stages: Sequence[Stage]) -> float:
    """Return the logarithm of the evidence against «it is at least as frequent as before»."""
    return ln_e(candidate_events, stages, tolerated=1.0, alternatives=NOT_WORSE)


def _weight(step: ArmsAtStep) -> float:
    both = step.new_people + step.old_people
    return step.new_people * step.old_people / both if both else 0.0


def _mean(rates: Sequence[tuple[int, int]], weights: Sequence[float]) -> float:
    total = math.fsum(weights)
    if not total:
        return 0.0
    parts = (weight * met / people for (met, people), weight in zip(rates, weights, strict=True) if people)
    return math.fsum(parts) / total
