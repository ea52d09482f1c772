"""Which usage table a time range is read from, and the buckets its points fall into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Table = Literal["usage_minute", "usage_hour", "usage_day"]

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_IN_MINUTES = timedelta(hours=6)
LONGEST_IN_HOURS = timedelta(days=14)
MOST_POINTS = 120

_STEPS: dict[Table, Sequence[timedelta]] = {
    "usage_minute": [_MINUTE * n for n in (1, 2, 5, 10)],
    "usage_hour": [_HOUR * n for n in (1, 2, 3, 6)],
    "usage_day": [_DAY * n for n in (1, 7, 28, 364)],
}
_COARSER: dict[Table, tuple[Table, timedelta]] = {
    "usage_minute": ("usage_hour", _HOUR),
    "usage_hour": ("usage_day", _DAY),
}
# A Monday at midnight: weeks begin on Mondays.
ORIGIN = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole buckets of one table, from `start` (included) to `end` (left out)."""

    table: Table
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A time range cut into equal buckets; `start` lies on a bucket's edge, the last bucket may be unfinished at `end`."""

    table: Table
    step: timedelta
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """How long the period is."""
        return (self.end - self.start) / _HOUR

    @property
    def moments(self) -> list[datetime]:
        """The start of every bucket."""
        count = -((self.start - self.end) // self.step)
        return [self.start + self.step * index for index in range(count)]

    @property
    def complete_until(self) -> datetime:
        """The start of the bucket that is still filling, or `end` when none is."""
        return snap(self.end, step=self.step)

    @property
    def whole(self) -> Slice:
        """The period as rows of its own table."""
        return Slice(self.table, self.start, self.end)

    @property
    def slices(self) -> list[Slice]:
        """The same time read from as few rows as possible: whole hours or days inside, finer buckets at both ends."""
        if self.table == "usage_day":
            return [self.whole]
        coarse, step = _COARSER[self.table]
        inside, outside = -((ORIGIN - self.start) // step) * step + ORIGIN, snap(self.end, step=step)
        if inside >= outside:
            return [self.whole]
        parts = [
            Slice(self.table, self.start, inside),
            Slice(coarse, inside, outside),
            Slice(self.table, outside, self.end),
        ]
        return [part for part in parts if part.start < part.end]

    def before(self) -> Period:
        """Return the period of about equal length that ends where this one starts, with the same buckets."""
        whole = self.step * max(1, round((self.end - self.start) / self.step))
        return Period(table=self.table, step=self.step, start=self.start - whole, end=self.start)


def fit(start: datetime, end: datetime) -> Period:
    """Return the period that shows a time range: minutes up to 6 hours, hours up to 14 days, days beyond."""
    table = _table(end - start)
    step = next((step for step in _STEPS[table] if (end - start) / step <= MOST_POINTS), _STEPS[table][-1])
    return Period(table=table, step=step, start=snap(start, step=step), end=end)


def snap(moment: datetime, *, step: timedelta) -> datetime:
    """Return the start of the bucket that a moment falls into."""
    return ORIGIN + (moment - ORIGIN) // step * step


def _table(length: timedelta) -> Table:
    if length <= LONGEST_IN_MINUTES:
        return "usage_minute"
    return "usage_hour" if length <= LONGEST_IN_HOURS else "usage_day"
