"""Weeks as people count them: from Monday to Monday at midnight, in the time zone of the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEK = timedelta(days=7)
# The hour of Monday at which reports go out, and how long after it one that could not is still worth reading.
MAIL_HOUR = 7
LATE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Week:
    """One week by its Monday, with its two ends in world time."""

    monday: date
    start: datetime
    end: datetime

    @property
    def before(self) -> date:
        """The Monday of the week before."""
        return self.monday - _WEEK

    @property
    def after(self) -> date:
        """The Monday of the week after."""
        return self.monday + _WEEK

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def is_over(self, now: datetime) -> bool:
        return self.end <= now


def week_of(monday: date, zone: ZoneInfo) -> Week:
    """Return the week that begins on this Monday; a week in which clocks change is an hour longer or shorter."""
    return Week(monday, _midnight(monday, zone), _midnight(monday + _WEEK, zone))


def last_over(now: datetime, zone: ZoneInfo) -> Week:
    """Return the last week that is over."""
    today = now.astimezone(zone).date()
    return week_of(today - timedelta(days=today.weekday()) - _WEEK, zone)


def is_mail_due(week: Week, now: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the report of a week goes out by mail now."""
    begins = datetime.combine(week.after, time(MAIL_HOUR), zone).astimezone(UTC)
    return begins <= now < begins + LATE


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
