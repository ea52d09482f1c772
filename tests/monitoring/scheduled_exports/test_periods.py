"""Which days and hours are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from monitoring.scheduled_exports import periods
from monitoring.scheduled_exports.periods import Every

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_day_is_due_an_hour_after_it_is_over():
    almost = MONDAY + timedelta(hours=24, minutes=59)

    assert periods.due(Every.DAY, since=MONDAY, now=almost) == []
    assert periods.due(Every.DAY, since=MONDAY, now=almost + timedelta(minutes=1)) == [MONDAY]


def test_all_days_that_were_missed_are_due():
    found = periods.due(Every.DAY, since=MONDAY, now=MONDAY + timedelta(days=3, hours=2))

    assert [day.day for day in found] == [23, 24, 25]


def test_a_long_absence_is_worked_off_in_pieces():
    found = periods.due(Every.HOUR, since=MONDAY, now=MONDAY + timedelta(days=60))

    assert len(found) == periods.MOST_AT_ONCE
    assert found[0] == MONDAY


def test_days_begin_at_midnight_utc_wherever_the_clock_is():
    tokyo = datetime(2026, 11, 24, 3, tzinfo=timezone(timedelta(hours=9)))

    assert periods.start_of(Every.DAY, tokyo) == MONDAY
    assert periods.start_of(Every.HOUR, tokyo) == MONDAY + timedelta(hours=18)


def test_folders_are_named_so_that_query_engines_read_them_as_columns():
    moment = MONDAY + timedelta(hours=7)

    assert periods.folder(Every.DAY, MONDAY) == "date=2026-11-23"
    assert periods.folder(Every.HOUR, moment) == "date=2026-11-23/hour=07"
