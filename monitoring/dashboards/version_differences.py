"""By how much two sides differ, with an interval that takes the calls of one person for what they are: not independent; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.exploring.differences import interval
from monitoring.streams.candidates import design_effect
from monitoring.usage_rates import Z95

Numbers = npt.NDArray[np.float64]
# With fewer people on a side the interval itself is not to be trusted.
FEWEST_UNITS = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One version, person by person: what something added up to, and out of how many."""

    amounts: Numbers
    counts: Numbers

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    @property
    def units(self) -> int:
        """How many people have any."""
        return int((self.counts > 0).sum())

    @property
    def mean(self) -> float | None:
        return float(self.amounts.sum() / self.counts.sum()) if self.count else None


@dataclass(frozen=True, slots=True)
class Difference:
    """The second side against the first: the estimate and its 95 % interval; None where there are too few people."""

    first: Side
    second: Side
    estimate: float | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def missing_units(self) -> int:
        """How many more people are needed on the smaller side before anything is said."""
        return max(0, FEWEST_UNITS - min(self.first.units, self.second.units))

    @property
    def is_sure(self) -> bool:
        """Tell whether the interval leaves zero out."""
        return self.estimate is not None and (self.low > 0 or self.high < 0)


def difference_of_shares(first: Side, second: Side) -> Difference:
    """Return the difference of two shares; rare things that nobody met yet keep the uncertainty that they have.

    Newcombe's hybrid score interval (Statistics in Medicine 17 (1998), 873-890, method 10), with as many calls as they are worth
    when those of one person are alike.
    """
    found = Difference(first, second)
    if found.missing_units or first.mean is None or second.mean is None:
        return found
    low, high = interval(*_worth(second), *_worth(first), Z95)
    return Difference(first, second, second.mean - first.mean, low, high)


def _worth(side: Side) -> tuple[float, float]:
    """Return how many of how many independent calls tell as much."""
    has_any = side.counts > 0
    hits = np.minimum(side.amounts, side.counts)[has_any]
    effect = design_effect(side.counts[has_any].astype(np.int64), hits)
    return float(hits.sum()) / effect, float(side.counts.sum()) / effect


def difference(first: Side, second: Side) -> Difference:
    """Return the difference of two means; the same places of both sides are the same people.

    Each mean is a ratio of sums over people, and its variance is that of their influence (delta method; W. G. Cochran, Sampling
    Techniques (1977), section 6.4). Somebody who met both versions adds to both, so that what they share is not counted twice.
    """
    found = Difference(first, second)
    if found.missing_units or first.mean is None or second.mean is None:
        return found
    influence = _influence(second, second.mean) - _influence(first, first.mean)
    people = int(((first.counts > 0) | (second.counts > 0)).sum())
    spread = Z95 * math.sqrt(people / (people - 1) * float((influence**2).sum()))
    estimate = second.mean - first.mean
    return Difference(first, second, estimate, estimate - spread, estimate + spread)


def _influence(side: Side, mean: float) -> Numbers:
    found: Numbers = (side.amounts - mean * side.counts) / side.counts.sum()
    return found
