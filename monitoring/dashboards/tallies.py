"""What some calls add up to for one measure, and the number that makes of it, with its uncertainty; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitoring import usage_latency
from monitoring.dashboards.measures import Measure, Shape, Unit
from monitoring.usage_latency import Histogram
from monitoring.usage_rates import FEWEST_RATINGS, wilson_interval


@dataclass(frozen=True, slots=True)
class Tally:
    """How many count, what they amount to, of how many the amount is not known, and how long each took."""

    count: int = 0
    amount: float = 0.0
    unknown: int = 0
    histogram: Histogram = usage_latency.EMPTY


NOTHING = Tally()


def added(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of some tallies."""
    count, amount, unknown, counts = 0, 0.0, 0, usage_latency.EMPTY.counts
    for one in tallies:
        count, amount, unknown = count + one.count, amount + one.amount, unknown + one.unknown
        if one.histogram is not usage_latency.EMPTY:
            counts = counts + one.histogram.counts
    return Tally(count, amount, unknown, Histogram(counts))


def value(measure: Measure, tally: Tally) -> float | None:
    """Return the number; None where nothing is known."""
    if measure.shape == Shape.PERCENTILE:
        return tally.histogram.percentile_ms(measure.quantile)
    known = tally.count - tally.unknown
    if measure.shape == Shape.SUM:
        return None if tally.count and not known else tally.amount
    return tally.amount / known if known > 0 else None


def basis(measure: Measure, tally: Tally) -> int:
    """Return of how many calls, thumbs or scores the number is; a mean is of those whose amount is known."""
    return tally.count - tally.unknown if measure.shape == Shape.MEAN else tally.count


def interval(measure: Measure, tally: Tally) -> tuple[float, float] | None:
    """Return between which values the number lies, as far as these calls tell; None where that cannot be said."""
    if measure.shape == Shape.PERCENTILE:
        return tally.histogram.interval_ms(measure.quantile)
    if measure.unit == Unit.SHARE and tally.count:
        return wilson_interval(count=min(tally.count, round(tally.amount)), total=tally.count)
    return None


def missing(measure: Measure, tally: Tally) -> int:
    """Return how many more thumbs are needed before their share says something."""
    return max(0, FEWEST_RATINGS - tally.count) if measure.name == "disliked" else 0
