"""The days that costs are added up over, and the ones they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from monitoring import usage_periods
from monitoring.usage_periods import Slice

CHOICES = (7, 30, 90)
USUAL = 30
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Days:
    """So many days up to now, today among them; days begin at midnight UTC."""

    count: int
    now: datetime

    @property
    def start(self) -> datetime:
        """When the first day began."""
        return self.today - _DAY * (self.count - 1)

    @property
    def today(self) -> datetime:
        """When today began."""
        return usage_periods.snap(self.now, step=_DAY)

    @property
    def dates(self) -> list[date]:
        """Every day, the first one first."""
        return [(self.start + _DAY * number).astimezone(UTC).date() for number in range(self.count)]

    @property
    def slices(self) -> list[Slice]:
        """The counters of these days."""
        return [Slice("usage_day", self.start, self.now)]

    @property
    def start_before(self) -> datetime:
        """When the days before began."""
        return self.start - _DAY * self.count

    @property
    def end_before(self) -> datetime:
        """Where the days before end: at the hour that today has reached, so that both are about equally long."""
        return usage_periods.snap(self.now, step=_HOUR) - _DAY * self.count

    @property
    def slices_before(self) -> list[Slice]:
        """The counters of the days before: whole days, and of their last one as many hours as today has."""
        last = self.start - _DAY
        parts = [Slice("usage_day", self.start_before, last), Slice("usage_hour", last, self.end_before)]
        return [part for part in parts if part.start < part.end]
