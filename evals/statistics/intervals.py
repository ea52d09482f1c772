"""An interval around an estimate, and the interval of a single rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Two-sided 95 %.
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, in the unit of the estimate."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def wilson(successes: int, n: int) -> Interval:
    """Return the 95 % interval of a rate (0 to 1) by Wilson (1927); everything is possible without an observation."""
    if n == 0:
        return Interval(0.0, 1.0)
    rate, z2 = successes / n, Z95**2
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n**2))
    # Rounding must not keep 0 of n from including 0, nor n of n from including 1.
    low = 0.0 if successes == 0 else max(0.0, middle - reach)
    return Interval(low, 1.0 if successes == n else min(1.0, middle + reach))
