"""Compares two variants on the same items: every item is its own control, which needs far fewer of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats: it takes 45 MB in each process that reads results.
from scipy import special

from evals.statistics.intervals import Z95, Interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much B scores above A: the mean over the items, its 95 % interval, and what it rests on."""

    estimate: float
    interval: Interval
    p_value: float
    # Items, and groups of items that share a source; equal when every item stands for itself.
    items: int
    groups: int
    # Of one item's difference; together with the number of items it says how many would be enough.
    variance: float


def mean_difference(
    differences: Sequence[float], *, groups: Sequence[Hashable] | None = None, scale: float = 1.0
) -> Difference:
    """Return the mean of the items' differences B − A, repetitions averaged before.

    Student's t over the items; with `groups` (document, conversation, user of each item) the standard error is
    clustered, with one degree of freedom less than there are groups. `scale` is the largest difference that an item can
    show: when all items show the same one, the spread that was not seen is bounded by the rule of three. One item or
    one group says nothing: its interval is everything.
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    if n == 0:
        return Difference(0.0, Interval(-scale, scale), 1.0, 0, 0, 0.0)
    mean = float(values.mean())
    sums = values - mean if groups is None else _sums_by_group(values - mean, groups)
    count = len(sums)
    variance = float(values.var(ddof=1)) if n > 1 else 0.0
    if count < 2:
        return Difference(mean, Interval(-scale, scale), 1.0, n, count, variance)
    error = math.sqrt(count / (count - 1) * float((sums**2).sum())) / n
    if error < 1e-12 * scale:
        return _without_spread(mean, n, count, scale)
    reach = float(special.stdtrit(count - 1, 0.975)) * error
    p_value = 2 * float(special.stdtr(count - 1, -abs(mean) / error))
    return Difference(mean, Interval(mean - reach, mean + reach), p_value, n, count, variance)


def pass_difference(
    a: Sequence[bool], b: Sequence[bool], *, groups: Sequence[Hashable] | None = None
) -> Difference:  # fmt: skip
    """Return how much oftener B passes than A (−1 to 1).

    Bonett and Price (2012) for the interval, McNemar's test with the mid-p correction (Fagerland 2013) for the p-value;
    clustered as `mean_difference` when items share a source.
    """
    ours, theirs = np.asarray(b, dtype=float), np.asarray(a, dtype=float)
    if groups is not None and len(set(groups)) < len(ours):
        return mean_difference(list(ours - theirs), groups=groups)
    n = len(ours)
    wins, losses = int((ours > theirs).sum()), int((theirs > ours).sum())
    won, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    reach = Z95 * math.sqrt((won + lost - (won - lost) ** 2) / (n + 2))
    middle = won - lost
    estimate = (wins - losses) / n if n else 0.0
    interval = Interval(max(-1.0, middle - reach), min(1.0, middle + reach))
    discordant = (wins + losses) / n if n else 0.0
    return Difference(estimate, interval, mcnemar(wins, losses), n, n, max(0.0, discordant - estimate**2))


def mcnemar(wins: int, losses: int) -> float:
    """Return the two-sided mid-p of McNemar's test: how likely such an imbalance is when both are equally good."""
    n, k = wins + losses, min(wins, losses)
    if n == 0:
        return 1.0
    # Twice the chance of at most k, without that of k itself.
    below = float(special.bdtr(k - 1, n, 0.5)) if k else 0.0
    return min(1.0, float(special.bdtr(k, n, 0.5)) + below)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for being several (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected, highest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def power_of(difference: float, *, variance: float, items: int) -> float:
    """Return how likely `items` items show a true difference of this size as one, at 5 % two-sided."""
    if items <= 0 or variance <= 0:
        return 0.0
    shift = abs(difference) / math.sqrt(variance / items)
    return float(special.ndtr(shift - Z95) + special.ndtr(-shift - Z95))


def _sums_by_group(values: Floats, groups: Sequence[Hashable]) -> Floats:
    sums: dict[Hashable, float] = defaultdict(float)
    for value, group in zip(values, groups, strict=True):
        sums[group] += float(value)
    return np.fromiter(sums.values(), dtype=float)


def _without_spread(mean: float, n: int, count: int, scale: float) -> Difference:
    """With 95 % confidence at most 1 − 0.05^(1/count) of further items differ from those that were seen."""
    unseen = (1 - 0.05 ** (1 / count)) * scale
    p_value = 1.0 if abs(mean) <= unseen else 0.5 ** (count - 1)
    return Difference(mean, Interval(mean - unseen, mean + unseen), p_value, n, count, 0.0)
