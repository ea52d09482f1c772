"""How sure a number is: whether a rate is above a level, has come back to it, or went above it again. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.streams import alarms, rates

_HIGHEST = 0.95
# No level is exactly nothing: a single bad call would prove everything.
_LOWEST = 1e-3


@dataclass(frozen=True, slots=True)
class Count:
    """Calls of a while, and how many of them were bad."""

    calls: int
    bad: int

    @property
    def rate(self) -> float:
        return self.bad / self.calls if self.calls else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which rates the true one lies."""
        return rates.interval(self.bad, self.calls)


def surprise(count: Count, *, level: float) -> float:
    """Return a bound on how likely so many bad calls, or more, are at this level (Chernoff); 1 when there is nothing odd."""
    expected = count.calls * max(level, 1e-9)
    if count.bad <= expected:
        return 1.0
    return math.exp(-(count.bad * math.log(count.bad / expected) - count.bad + expected))


def log_return(hours: Sequence[Count], *, level: float) -> float:
    """Return the logarithm of how much speaks for a rate above the level since some hour; it may be looked at any time.

    An e-value: a mixture over the hour from which on the rate is higher, and over how much, with weights that sum to one.
    """
    base = min(0.9, alarms.TOLERANCE * max(level, _LOWEST))
    ratios = [(math.log(one / base), math.log((1 - one) / (1 - base))) for one in _raised(base)]
    total = -math.inf
    suffix = [0.0] * len(ratios)
    gains: list[float] = []
    for count in reversed(hours):
        suffix = [
            before + count.bad * up + (count.calls - count.bad) * down
            for before, (up, down) in zip(suffix, ratios, strict=True)
        ]
        gains.append(_log_mean(suffix))
    for start, gain in enumerate(reversed(gains)):
        total = _log_sum(total, gain - math.log((start + 1) * (start + 2)))
    return max(0.0, total)


def rings(hours: Sequence[Count], *, level: float, run_length: float) -> bool:
    """Tell whether the alarm for a rate above the level rang, at once or earlier (METHODS C4, e-SR).

    At the level itself it rings for nothing once in `run_length` calls at most, on average.
    """
    found, usual = alarms.no_evidence(1), np.array([max(level, _LOWEST)])
    for hour in hours:
        found = alarms.after_hour(found, np.array([hour.calls]), np.array([hour.bad]), usual)
        if float(alarms.weighed(found)[0]) >= run_length:
            return True
    return False


def log_calm(count: Count, *, usual: float, raised: float) -> float:
    """Return the logarithm of how many times better the usual rate explains the calls than the raised one; 0 if not at all."""
    low = max(usual, raised / 10, _LOWEST)
    high = min(_HIGHEST, raised)
    if high < low * alarms.TIMES[0]:
        return 0.0
    good = count.calls - count.bad
    return max(0.0, count.bad * math.log(low / high) + good * math.log((1 - low) / (1 - high)))


def _raised(base: float) -> list[float]:
    return [min(_HIGHEST, float(growth) * base) for growth in alarms.TIMES]


def _log_mean(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values) / len(values))


def _log_sum(one: float, other: float) -> float:
    top = max(one, other)
    return top if math.isinf(top) else top + math.log(math.exp(one - top) + math.exp(other - top))
