"""The time range of a page, read from its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

PRESETS: dict[str, tuple[str, timedelta]] = {
    "1h": ("Last hour", timedelta(hours=1)),
    "6h": ("Last 6 hours", timedelta(hours=6)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
    "90d": ("Last 90 days", timedelta(days=90)),
}
DEFAULT = "24h"
# Pages reckon with the times before and after; there is nothing to see outside of these, and time itself has ends.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimeRange:
    """From `start` (included) to `end` (left out), with the words for it."""

    value: str
    label: str
    start: datetime
    end: datetime

    @property
    def options(self) -> list[tuple[str, str]]:
        """Values and labels to choose from."""
        presets = [(value, label) for value, (label, _) in PRESETS.items()]
        return presets if self.value in PRESETS else [*presets, (self.value, self.label)]

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def before(self) -> TimeRange:
        """Return the period of equal length that ends where this one starts."""
        return TimeRange(value=self.value, label="Period before", start=self.start - self.duration, end=self.start)


def from_request(request: HttpRequest, *, now: datetime | None = None) -> TimeRange:
    """Return the range named by `?range=24h` or by `?range=2026-01-31T10:00Z..2026-01-31T12:00Z`; bad input means the default."""
    return parse(request.GET.get("range", DEFAULT), now=now or timezone.now())


def parse(value: str, *, now: datetime) -> TimeRange:
    """Return the range that the text names."""
    if ".." in value and (custom := _custom(value)):
        return custom
    key = value if value in PRESETS else DEFAULT
    label, duration = PRESETS[key]
    return TimeRange(value=key, label=label, start=now - duration, end=now)


def _custom(value: str) -> TimeRange | None:
    first, _, last = value.partition("..")
    try:
        start, end = (_moment(text) for text in (first, last))
    except (ValueError, OverflowError):
        return None
    if not _EARLIEST <= start < end <= _LATEST or end - start > timedelta(days=400):
        return None
    return TimeRange(value=value, label=_label(start, end), start=start, end=end)


def _label(start: datetime, end: datetime) -> str:
    this_year = timezone.now().year
    first, last = ("%d %b %H:%M" if year == this_year else "%d %b %Y %H:%M" for year in (start.year, end.year))
    return f"{start:{first}} to {end:{last}}"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
