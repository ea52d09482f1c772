"""Means of items that stand for different numbers of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats: it takes 45 MB in each process that reads results.
from scipy import special

from evals.statistics.intervals import Interval
from evals.statistics.paired import Difference

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """A mean, the variance of that mean, and how many items of equal weight would say as much."""

    mean: float
    variance: float
    count: float

    @property
    def interval(self) -> Interval:
        """The 95 % interval by Student's t; with hardly more than one item everything is possible."""
        if self.count < 2:
            return Interval(-1.0, 1.0)
        reach = float(special.stdtrit(self.count - 1, 0.975)) * math.sqrt(self.variance)
        return Interval(max(-1.0, self.mean - reach), min(1.0, self.mean + reach))


def mean(values: Floats | Sequence[float], weights: Floats | Sequence[float]) -> WeightedMean:
    """Return the mean of values from -1 to 1; the weights are taken as shares of their sum."""
    found, share = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    share = share / share.sum()
    middle = float((share * found).sum())
    count = 1 / float((share**2).sum())
    spread = float((share**2 * (found - middle) ** 2).sum()) * (count / (count - 1) if count > 1 else 1.0)
    # Where all items show the same, the next one may still differ (Agresti and Coull: as if two of four more did).
    unseen = 2 / (count + 4)
    return WeightedMean(middle, max(spread, unseen * (1 - unseen) / (count + 4)), count)


def difference(values: Floats | Sequence[float], weights: Floats | Sequence[float]) -> Difference:
    """Return the mean difference of items, each in -1, 0 or 1, as the comparisons have it; nothing is known without any."""
    if not len(values):
        return Difference(0.0, Interval(-1.0, 1.0), 1.0, 0, 0, 0.0)
    found = mean(values, weights)
    p_value = 1.0
    if found.count >= 2:
        p_value = 2 * float(special.stdtr(found.count - 1, -abs(found.mean) / math.sqrt(found.variance)))
    # What one item of equal weight varies by, which says how many of them would be enough.
    variance = found.variance * found.count
    return Difference(
        found.mean, found.interval, p_value, math.floor(found.count + 1e-9), math.floor(found.count + 1e-9), variance
    )
