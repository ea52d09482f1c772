"""Turns counts of short times into the readings of an alert; pure, so that the past can be played as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import numpy as np
import numpy.typing as npt

from monitoring import usage_latency
from monitoring.alerts import grid
from monitoring.alerts.measures import Measure, Shape
from monitoring.alerts.rules import Reading
from monitoring.usage_latency import Histogram


@dataclass(frozen=True, slots=True)
class Part:
    """What the calls of some time added up to: how many count, what they amount to, and how long each took."""

    count: int = 0
    amount: float = 0.0
    histogram: Histogram = usage_latency.EMPTY


@dataclass(frozen=True, slots=True)
class Series:
    """Sums from the start on, so that any window is one subtraction."""

    start: datetime
    step: timedelta
    counts: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.float64]
    histograms: npt.NDArray[np.int64] | None = None

    def between(self, start: datetime, end: datetime) -> Part:
        """Return what lies between two moments on the clock of the step."""
        first, last = self._index(start), self._index(end)
        histogram = usage_latency.EMPTY
        if self.histograms is not None:
            histogram = Histogram(self.histograms[last] - self.histograms[first])
        return Part(
            int(self.counts[last] - self.counts[first]), float(self.amounts[last] - self.amounts[first]), histogram
        )

    def _index(self, moment: datetime) -> int:
        return min(max(0, (moment - self.start) // self.step), len(self.counts) - 1)


def series(
    *, start: datetime, end: datetime, step: timedelta, parts: Iterable[tuple[datetime, Part]], has_histograms: bool = False
) -> Series:  # fmt: skip
    """Return the series of the parts, each at the start of its step; steps without one are empty."""
    length = max(0, -((start - end) // step))
    counts, amounts = np.zeros(length + 1, dtype=np.int64), np.zeros(length + 1)
    histograms = np.zeros((length + 1, usage_latency.LAST_BUCKET + 1), dtype=np.int64) if has_histograms else None
    for at, part in parts:
        index = (at - start) // step + 1
        if 0 < index <= length:
            counts[index] += part.count
            amounts[index] += part.amount
            if histograms is not None:
                histograms[index] += part.histogram.counts
    summed = None if histograms is None else histograms.cumsum(axis=0)
    return Series(start, step, counts.cumsum(), amounts.cumsum(), summed)


def value_of(measure: Measure, part: Part) -> float | None:
    """Return the number that the calls of a time make; None when they make none."""
    if measure.shape == Shape.SUM:
        return part.amount
    if measure.shape == Shape.PERCENTILE:
        return part.histogram.percentile_ms(measure.quantile)
    return part.amount / part.count if part.count else None


def of_threshold(
    measure: Measure, counted: Series, *, window: timedelta, moments: Sequence[datetime], least_calls: int
) -> list[Reading]:
    """Return the value of each window; a share or a percentile of too few calls is none to judge by."""
    found = []
    for at in moments:
        part = counted.between(at - window, at)
        is_enough = measure.shape == Shape.SUM or part.count >= max(1, least_calls)
        found.append(Reading(at, value_of(measure, part), part.count, is_enough))
    return found


def of_change(
    measure: Measure, counted: Series, *, window: timedelta, moments: Sequence[datetime], least_calls: int
) -> list[Reading]:
    """Return the value of each window beside the median of the same hours of past weeks with enough calls."""
    found = []
    for at in moments:
        part = counted.between(at - window, at)
        usual = _usual(measure, counted, window, at, least_calls)
        is_enough = usual is not None and (measure.shape == Shape.SUM or part.count >= max(1, least_calls))
        found.append(Reading(at, value_of(measure, part), part.count, is_enough, usual))
    return found


def of_silence(
    counted: Series, hours: Series, *, window: timedelta, moments: Sequence[datetime], least_calls: int
) -> list[Reading]:
    """Return the calls of each window; without calls in the week before, silence means nothing."""
    found = []
    for at in moments:
        before = hours.between(at - window - grid.WEEK, at - window).count
        calls = counted.between(at - window, at).count
        found.append(Reading(at, float(calls), before, before >= max(1, least_calls)))
    return found


def of_budget(counted: Series, *, period: str, moments: Sequence[datetime], before: float) -> list[Reading]:
    """Return the money spent since each day or month began; `before` is what was spent before the series begins."""
    found = []
    for at in moments:
        begin = grid.period_start(period, at)
        part = counted.between(begin, at)
        spent = part.amount + (before if begin < counted.start else 0.0)
        found.append(Reading(at, spent, part.count, period=begin))
    return found


def _usual(measure: Measure, counted: Series, window: timedelta, at: datetime, least_calls: int) -> float | None:
    parts = [
        counted.between(at - window - grid.WEEK * back, at - grid.WEEK * back)
        for back in range(1, grid.PAST_WEEKS + 1)
        if at - window - grid.WEEK * back >= counted.start
    ]
    values = [value_of(measure, part) for part in parts if part.count >= max(1, least_calls)]
    known = [value for value in values if value is not None]
    return max(median(known), measure.floor) if len(known) >= grid.FEWEST_WEEKS else None
