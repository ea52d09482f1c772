"""Compares prices and durations on the same items: how many times B is what A is."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.statistics.intervals import Interval
from evals.statistics.paired import mean_difference

# Where nothing is known everything up to ten times as much, or as little, is possible.
_SCALE = math.log(10)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much B needs: 1.12 is 12 % more. Its 95 % interval, and what it rests on."""

    estimate: float
    interval: Interval
    p_value: float
    items: int
    groups: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out «as much»."""
        return not self.interval.holds(1.0)


def paired_ratio(
    log_a: Sequence[float] | NDArray[np.float64], log_b: Sequence[float] | NDArray[np.float64],
    *, groups: Sequence[Hashable] | None = None,
) -> Ratio:  # fmt: skip
    """Return the ratio of the geometric means of B and A, from the logarithms of each item's values.

    The mean of the items' differences of logarithms with Student's t (clustered with `groups`), taken back by the
    exponential: single answers that took very long move it little, and a ratio of ½ counts as much as one of 2.
    """
    found = mean_difference(list(np.asarray(log_b) - np.asarray(log_a)), groups=groups, scale=_SCALE)
    interval = Interval(_raised(found.interval.low), _raised(found.interval.high))
    return Ratio(_raised(found.estimate), interval, found.p_value, found.items, found.groups)


def _raised(logarithm: float) -> float:
    return math.exp(min(50.0, max(-50.0, logarithm)))
