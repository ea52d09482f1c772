"""What outcomes of people say about a side: shares, averages and differences, each with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitoring.usage_rates import Z95, wilson_interval

# An interval of an average of fewer people rests on luck.
FEWEST_FOR_AVERAGE = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the 95 % interval around it."""

    value: float
    low: float
    high: float


def share(*, count: int, total: int) -> Estimate | None:
    """Return the share of people with Wilson's interval; None where there is nobody."""
    if total <= 0:
        return None
    low, high = wilson_interval(count=count, total=total)
    return Estimate(count / total, low, high)


def average(*, count: int, mean: float, deviation: float) -> Estimate | None:
    """Return the average over people, one value each, with Student's interval; None for fewer than FEWEST_FOR_AVERAGE.

    Student, "The probable error of a mean", Biometrika 6 (1908), 1-25. One value for each person: several values of the
    same person are no independent evidence. `deviation` is the standard deviation of the sample.
    """
    if count < FEWEST_FOR_AVERAGE:
        return None
    reach = _student(count - 1) * deviation / math.sqrt(count)
    return Estimate(mean, mean - reach, mean + reach)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """Return by how much one share lies above the other, with an interval made of the two intervals.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17 (1998), 873-890, method 10; for averages the same square-and-add rule holds
    (G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008), 1693-1702).
    """
    gap = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(gap, gap - below, gap + above)


def _student(freedom: int) -> float:
    """Return the 97.5 % point of Student's distribution, to a part in ten thousand from FEWEST_FOR_AVERAGE people on.

    M. Abramowitz and I. A. Stegun, "Handbook of mathematical functions" (1964), 26.7.5. SciPy would cost the web process
    more memory than everything else on the page.
    """
    z, v = Z95, float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, start=1))
