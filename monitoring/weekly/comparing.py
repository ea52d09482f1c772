"""Tells what changed from one week to the next by more than chance. Pure, over sums by unit.

A person who calls often brings many calls that are alike, so calls say less than they count: each week's share is taken from
as many independent calls as its spread between units allows (Kish's effective sample size), and the difference of the two
shares gets Newcombe's hybrid score interval. Six things are compared at once; the intervals are as much wider, so that in
nineteen weeks of twenty not one of them is reported to have changed when nothing did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

# Below so many units in either week an interval of six says nothing.
FEWEST_UNITS = 20
# 95 % for six statements together (Bonferroni): the point beyond which 0.05 / 6 / 2 of the normal distribution lie.
Z = 2.6383


class Verdict(StrEnum):
    """What became of a measure; less is better in all of them."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sums:
    """What the units of one week add up to: `size` calls each, `amount` of what is measured in them."""

    units: int = 0
    size: float = 0.0
    amount: float = 0.0
    size_squared: float = 0.0
    amount_squared: float = 0.0
    both: float = 0.0

    @property
    def ratio(self) -> float | None:
        """The measured amount per call; none without calls."""
        return self.amount / self.size if self.size else None

    @property
    def spread(self) -> float:
        """How many units it would be if all had as many calls (Kish): few, when a few of them make most of the calls."""
        return self.size * self.size / self.size_squared if self.size_squared else 0.0

    @property
    def error(self) -> float:
        """The standard error of the ratio, by the spread between units (linearised)."""
        if self.units < 2 or not self.size:
            return math.inf
        ratio = self.amount / self.size
        spread = self.amount_squared - 2 * ratio * self.both + ratio * ratio * self.size_squared
        return math.sqrt(max(0.0, spread) * self.units / (self.units - 1)) / self.size

    @property
    def effective(self) -> float:
        """How many independent calls a share rests on."""
        if not self.size:
            return 0.0
        ratio = self.amount / self.size
        if self.units < 2 or not 0 < ratio < 1:
            # No spread to be seen: calls of one unit may be all alike.
            return self.spread
        error = self.error
        return min(self.size, ratio * (1 - ratio) / (error * error)) if error else self.size


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure in two weeks, and between which values the difference lies."""

    now: Sums
    before: Sums
    low: float
    high: float

    @property
    def is_enough(self) -> bool:
        return min(self.now.spread, self.before.spread) >= FEWEST_UNITS

    @property
    def verdict(self) -> Verdict:
        if not self.is_enough:
            return Verdict.UNKNOWN
        if self.low > 0:
            return Verdict.WORSE
        return Verdict.BETTER if self.high < 0 else Verdict.SAME


def shares(now: Sums, before: Sums) -> Compared:
    """Compare how many of the calls are bad."""
    one, other = now.ratio or 0.0, before.ratio or 0.0
    (low, high), (other_low, other_high) = _interval(one, now.effective), _interval(other, before.effective)
    return Compared(
        now, before, one - other - math.hypot(one - low, other_high - other),
        one - other + math.hypot(high - one, other - other_low),
    )  # fmt: skip


def means(now: Sums, before: Sums) -> Compared:
    """Compare what a call costs."""
    difference = (now.ratio or 0.0) - (before.ratio or 0.0)
    half = Z * math.hypot(now.error, before.error)
    return Compared(now, before, difference - half, difference + half)


def _interval(share: float, calls: float) -> tuple[float, float]:
    """Return Wilson's interval of a share that rests on so many independent calls."""
    if calls <= 0:
        return 0.0, 1.0
    squared = Z * Z
    middle = (share + squared / (2 * calls)) / (1 + squared / calls)
    half = Z / (1 + squared / calls) * math.sqrt(share * (1 - share) / calls + squared / (4 * calls * calls))
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
