"""The days and hours that scheduled exports go by, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

# What arrives a little late is in the file of its day all the same.
_SETTLING = {"day": timedelta(hours=1), "hour": timedelta(minutes=10)}
_LENGTH = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
MOST_AT_ONCE = 500


class Every(StrEnum):
    DAY = "day"
    HOUR = "hour"


def start_of(every: Every, moment: datetime) -> datetime:
    """Return when the day or hour of a moment began."""
    utc = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return utc.replace(hour=0) if every == Every.DAY else utc


def end_of(every: Every, start: datetime) -> datetime:
    """Return when the day or hour that began then is over."""
    return start + _LENGTH[every]


def last_whole(every: Every, now: datetime) -> datetime:
    """Return when the newest day or hour that is over began."""
    return start_of(every, now) - _LENGTH[every]


def due(every: Every, *, since: datetime, now: datetime) -> list[datetime]:
    """Return the beginnings of all days or hours from `since` on that are over for long enough, the oldest first."""
    found: list[datetime] = []
    start = since
    while end_of(every, start) + _SETTLING[every] <= now and len(found) < MOST_AT_ONCE:
        found.append(start)
        start = end_of(every, start)
    return found


def folder(every: Every, start: datetime) -> str:
    """Return the folder of a day or hour, in the form that query engines read as columns."""
    day = f"date={start.astimezone(UTC):%Y-%m-%d}"
    return day if every == Every.DAY else f"{day}/hour={start.astimezone(UTC):%H}"
