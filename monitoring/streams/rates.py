"""Counts of an hour, and between which rates the truth lies when so many of so many calls were bad."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Hour:
    """How many calls of the hour that begins at `at` were looked at, and how many were bad."""

    at: datetime
    calls: int
    bad: int


def interval(bad: float, calls: float) -> tuple[float, float]:
    """Return between which shares the true one lies (Wilson, 95 %); anything may be when there are no calls."""
    if calls <= 0:
        return 0.0, 1.0
    share, z2 = bad / calls, _Z * _Z
    middle = (share + z2 / (2 * calls)) / (1 + z2 / calls)
    half = _Z / (1 + z2 / calls) * math.sqrt(share * (1 - share) / calls + z2 / (4 * calls * calls))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(bad: float, calls: float, other_bad: float, other_calls: float) -> tuple[float, float]:
    """Return between which values the difference of two shares lies (Newcombe's hybrid score interval, 95 %)."""
    one, other = bad / calls if calls else 0.0, other_bad / other_calls if other_calls else 0.0
    (low, high), (other_low, other_high) = interval(bad, calls), interval(other_bad, other_calls)
    return (
        one - other - math.hypot(one - low, other_high - other),
        one - other + math.hypot(high - one, other - other_low),
    )
