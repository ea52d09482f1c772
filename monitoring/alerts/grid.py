"""The moments at which alerts are decided: the same ones for the tick and for the preview, whoever asks and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitoring import usage_periods
from monitoring.alerts.rules import Kind, Period

_HOUR = timedelta(hours=1)
_LONG = timedelta(hours=6)
WEEK = timedelta(days=7)
# With so many past weeks the same hours are compared, if at least two of them can be.
PAST_WEEKS, FEWEST_WEEKS = 4, 2


def step_of(kind: str, window: timedelta) -> timedelta:
    """Return how often an alert with this window is decided."""
    if kind == Kind.BUDGET:
        return timedelta(minutes=15)
    if kind == Kind.CHANGE or window > _LONG:
        return _HOUR
    return timedelta(minutes=5) if window <= _HOUR else timedelta(minutes=15)


def instants(*, after: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """Return the moments after one moment and up to another, both on the clock of the step."""
    first = usage_periods.snap(after, step=step) + step
    count = max(0, (until - first) // step + 1)
    return [first + step * number for number in range(count)]


def period_start(period: str, moment: datetime) -> datetime:
    """Return when the day or the month began that ends with, or holds, the moment."""
    # Midnight itself closes the day before: what is measured lies before the moment.
    inside = (moment - timedelta(microseconds=1)).astimezone(UTC)
    day = inside.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if period == Period.MONTH else day
