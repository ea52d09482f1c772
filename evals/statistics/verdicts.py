"""Says in one word what a comparison found, and how many items would be needed to know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from evals.statistics.paired import Difference, holm

# Differences below this are of no interest unless somebody says otherwise: three points of a hundred.
MARGIN = 0.03
# Found in four of five experiments.
_POWER = 0.8
LEVEL = 0.05
# What is left of it for the end where looking on the way may have stopped for a wrong reason in 2 of 100 cases.
LEVEL_AFTER_LOOKS = 0.03
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
    # The interval leaves out 0, but among so many comparisons, or looks, one like this turns up by chance.
    is_maybe_chance: bool = False


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


def settle(
    differences: Sequence[Difference], *, margin: float = MARGIN, level: float = LEVEL
) -> list[Finding]:  # fmt: skip
    """Return the findings of a family of comparisons: better and worse only where they survive Holm's correction."""
    corrected = holm([difference.p_value for difference in differences])
    findings = [find(difference, margin=margin) for difference in differences]
    if len(findings) < 2 and level >= LEVEL:
        return findings
    return [
        _doubted(finding, difference, margin, len(findings)) if p_value > level else finding
        for finding, difference, p_value in zip(findings, differences, corrected, strict=True)
    ]


def items_needed(difference: float, *, variance: float | None = None, comparisons: int = 1) -> int:
    """Return how many items show a true difference of this size in four of five experiments.

    For pass and fail the variance of an item's difference is q − Δ², with q the share of items on which the versions
    differ. With several comparisons the difference has to be clear at 5 % shared by all of them.
    """
    variance = USUAL_DISCORDANCE - difference**2 if variance is None else variance
    return max(_FEWEST_ITEMS, math.ceil(_effort(comparisons) * max(0.0, variance) / difference**2))


def _effort(comparisons: int) -> float:
    """Return (1.96 + 0.84)² = 7.85 for one comparison, and more for several."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - LEVEL / 2 / comparisons) + normal.inv_cdf(_POWER)) ** 2


def _doubted(finding: Finding, difference: Difference, margin: float, comparisons: int) -> Finding:
    if finding.verdict not in (Verdict.BETTER, Verdict.WORSE):
        return finding
    return Finding(Verdict.UNKNOWN, _more(difference, margin, comparisons), is_maybe_chance=True)


def _more(difference: Difference, margin: float, comparisons: int = 1) -> int:
    """What looks like a real difference is looked for; otherwise the smallest one of interest."""
    target = max(abs(difference.estimate), margin)
    if difference.variance == 0 and difference.estimate == 0:
        # Nothing differed so far: soon so much is ruled out that the rest is of no interest.
        return max(1, math.ceil(math.log(LEVEL) / math.log(1 - margin)) - difference.items)
    variance = difference.variance or max(0.0, USUAL_DISCORDANCE - target**2)
    return max(1, items_needed(target, variance=variance, comparisons=comparisons) - difference.items)
