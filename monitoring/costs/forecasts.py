"""What a month will have cost when it is over, from the days that are; pure, with an interval.

Every day still to come is expected to cost what days of its kind cost lately: the mean of the last weeks, newer weeks counting
more, times how much dearer or cheaper that day of the week is. How wrong this would have been is measured, not assumed: the same
forecast is made at every day of the past weeks for as many days ahead, and the interval holds the errors that were seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import fmean, stdev

# What lies further back says little about next week.
DAYS_READ = 56
FEWEST_DAYS = 7
# From two whole weeks on the days of the week are told apart.
FEWEST_FOR_WEEKDAYS = 14
# A day of four weeks ago counts half as much as yesterday.
_HALF_LIFE = 28.0
# Days of one weekday are few: this much of a usual day is mixed in.
_PRIOR_DAYS = 0.5
# The points of Student's distribution that enclose 90 %, by degrees of freedom.
_T90 = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740, 1.734,
    1.729, 1.725,
)  # fmt: skip
_Z90 = 1.645
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will have been spent at the end of the last day, with what it was made of."""

    expected: float
    low: float
    high: float
    # Spent already, the part of today included.
    spent: float
    # The finished days it was made from, and whether they were enough to tell the days of the week apart.
    days_used: int
    knows_weekdays: bool
    # What each day still to come is expected to cost, today's rest first.
    ahead: tuple[tuple[date, float], ...]


def forecast(
    *,
    finished: Sequence[tuple[date, float]],
    spent: float,
    today: date,
    today_spent: float,
    today_share: float,
    last: date,
) -> Forecast | None:
    """Return what will have been spent at the end of `last`; None when too few days have passed to say.

    `finished` are the costs of whole days in order up to yesterday, without a gap and from the first day with a call on. `spent`
    is what the month has cost until now, today's part `today_spent` included; `today_share` is how much of today is over.
    """
    known = list(finished)[-DAYS_READ:]
    if len(known) < FEWEST_DAYS:
        return None
    rates = _Rates.of(known)
    rest = rates.of_day(today) * (1 - min(1.0, max(0.0, today_share)))
    # A day that already cost more than usual goes on like that for the rest of it.
    if today_share >= 0.25:
        rest = max(rest, today_spent / today_share * (1 - today_share)) if today_spent else rest
    ahead = [(today, rest)]
    ahead += [(day, rates.of_day(day)) for day in _days(today + _DAY, last)]
    expected = spent + sum(cost for _, cost in ahead)
    half = _half_width(known, len(ahead) - 1 + (1 - today_share))
    return Forecast(
        expected, max(spent, expected - half), expected + half, spent, len(known), rates.knows_weekdays, tuple(ahead)
    )


def day_reached(*, limit: float, forecast: Forecast) -> date | None:
    """Return the day on which what is spent is expected to pass a limit; None when it stays below until the end."""
    spent = forecast.spent
    for day, cost in forecast.ahead:
        spent += cost
        if spent >= limit:
            return day
    return None


@dataclass(frozen=True, slots=True)
class _Rates:
    """What a day costs, and how many times as much each day of the week does."""

    mean: float
    times: tuple[float, ...]
    knows_weekdays: bool

    @classmethod
    def of(cls, known: Sequence[tuple[date, float]]) -> _Rates:
        newest = known[-1][0]
        weights = [0.5 ** ((newest - day).days / _HALF_LIFE) for day, _ in known]
        knows = len(known) >= FEWEST_FOR_WEEKDAYS
        plain = sum(weight * cost for weight, (_, cost) in zip(weights, known, strict=True)) / sum(weights)
        times = _weekday_times(known, weights, plain) if knows and plain > 0 else (1.0,) * 7
        # Without their weekday, days say what a usual day costs: a week that began with a Saturday is not a dear one.
        even = sum(
            weight * cost / times[day.weekday()] for weight, (day, cost) in zip(weights, known, strict=True)
        ) / sum(weights)
        return cls(even, times, knows)

    def of_day(self, day: date) -> float:
        return self.mean * self.times[day.weekday()]


def _weekday_times(known: Sequence[tuple[date, float]], weights: Sequence[float], mean: float) -> tuple[float, ...]:
    summed, counted = [_PRIOR_DAYS * mean] * 7, [_PRIOR_DAYS] * 7
    for weight, (day, cost) in zip(weights, known, strict=True):
        summed[day.weekday()] += weight * cost
        counted[day.weekday()] += weight
    times = [total / count / mean for total, count in zip(summed, counted, strict=True)]
    average = fmean(times)
    return tuple(one / average for one in times)


def _half_width(known: Sequence[tuple[date, float]], days_ahead: float) -> float:
    """Return half of an interval that holds 9 of 10 errors like those this way of forecasting made on the known days.

    By chance alone the error of a sum grows with the root of its days. Costs whose level moves are missed by more: then the
    errors of as long a time as the known days can show decide.
    """
    if days_ahead <= 0:
        return 0.0
    misses = _misses(known, 1)
    if len(misses) < 2:
        usual = fmean(cost for _, cost in known)
        misses = [cost - usual for _, cost in known]
    chance = _point(len(misses) - 1) * stdev(misses) * sqrt(days_ahead + days_ahead**2 / len(known))
    length = max(1, min(round(days_ahead), len(known) // 3))
    seen = sorted(abs(miss) for miss in _misses(known, length))
    moving = seen[ceil(0.9 * len(seen)) - 1] * days_ahead / length if seen else 0.0
    return max(chance, moving)


def _misses(known: Sequence[tuple[date, float]], length: int) -> list[float]:
    """Return how far each so many days lay from what the days before them made expect."""
    found = []
    for start in range(FEWEST_DAYS, len(known) - length + 1):
        rates, then = _Rates.of(known[:start]), known[start : start + length]
        found.append(sum(cost - rates.of_day(day) for day, cost in then))
    return found


def _point(freedom: int) -> float:
    return _T90[freedom - 1] if 1 <= freedom <= len(_T90) else _Z90


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * number for number in range(max(0, (last - first).days + 1))]
