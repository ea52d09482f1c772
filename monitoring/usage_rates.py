"""Shares with their uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The 97.5 % point of the normal distribution: two of them enclose 95 %.
Z95 = 1.959963984540054
# Below this many ratings an interval spans most of the scale, and a number would only mislead.
FEWEST_RATINGS = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """So many out of so many, with the 95 % interval of the share behind it."""

    count: int
    total: int

    @property
    def share(self) -> float | None:
        """The share seen, between 0 and 1; None out of nothing."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """The lowest and highest share that fit what was seen."""
        return wilson_interval(count=self.count, total=self.total)

    @property
    def low(self) -> float:
        return self.interval[0]

    @property
    def high(self) -> float:
        return self.interval[1]

    @property
    def is_enough(self) -> bool:
        """Tell whether there are enough ratings to show a share at all."""
        return self.total >= FEWEST_RATINGS

    @property
    def missing(self) -> int:
        """The number of ratings still needed before a share is shown."""
        return max(0, FEWEST_RATINGS - self.total)

    def is_above(self, other: Rate) -> bool:
        """Tell whether the whole interval lies above the whole interval of the other."""
        return self.low > other.high


def wilson_interval(*, count: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a share; out of nothing everything is possible.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927), 209-212. Recommended for small numbers by Brown, Cai and DasGupta,
    "Interval estimation for a binomial proportion", Statistical Science 16 (2001), 101-133.
    """
    if total <= 0:
        return 0.0, 1.0
    share, squared = count / total, z * z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = z / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    # At the ends the formula is exact, but its floating-point value is not.
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == total else min(1.0, middle + half)
    return low, high
