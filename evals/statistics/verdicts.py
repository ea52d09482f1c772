"""Says in one word what a comparison found, and how many items would be needed to know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from evals.statistics.paired import Difference

# Differences below this are of no interest unless somebody says otherwise: three points of a hundred.
MARGIN = 0.03
# (1.96 + 0.84)²: found in four of five experiments, at 5 % two-sided.
_POWER_80 = 7.85
# How often two versions differ on an item, as long as nothing better is known.
USUAL_DISCORDANCE = 0.16
_FEWEST_ITEMS = 10


class Verdict(StrEnum):
    """What is known about B against A."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict, and about how many more items would bring one when there is none."""

    verdict: Verdict
    more_items: int = 0


def find(difference: Difference, *, margin: float = MARGIN, higher_is_better: bool = True) -> Finding:
    """Return what the interval says: above 0 better, below 0 worse, within the margin on both sides the same.

    Fewer than ten items never carry a verdict.
    """
    low, high = difference.interval.low, difference.interval.high
    if not higher_is_better:
        low, high = -high, -low
    if difference.items < _FEWEST_ITEMS:
        return Finding(Verdict.UNKNOWN, max(_FEWEST_ITEMS - difference.items, _more(difference, margin)))
    if low > 0:
        return Finding(Verdict.BETTER)
    if high < 0:
        return Finding(Verdict.WORSE)
    if -margin < low and high < margin:
        return Finding(Verdict.SAME)
    return Finding(Verdict.UNKNOWN, _more(difference, margin))


def items_needed(difference: float, *, variance: float | None = None) -> int:
    """Return how many items show a true difference of this size in four of five experiments.

    For pass and fail the variance of an item's difference is q − Δ², with q the share of items on which the versions
    differ.
    """
    variance = USUAL_DISCORDANCE - difference**2 if variance is None else variance
    return max(_FEWEST_ITEMS, math.ceil(_POWER_80 * max(0.0, variance) / difference**2))


def _more(difference: Difference, margin: float) -> int:
    """What looks like a real difference is looked for; otherwise the smallest one of interest."""
    target = max(abs(difference.estimate), margin)
    variance = difference.variance or max(0.0, USUAL_DISCORDANCE - target**2)
    return max(1, items_needed(target, variance=variance) - difference.items)
