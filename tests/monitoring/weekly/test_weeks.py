"""Weeks from Monday to Monday, wherever that is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from monitoring.weekly import weeks, words

WORLD, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


def test_the_last_week_ended_on_monday_at_midnight():
    week = weeks.last_over(datetime(2026, 11, 25, 12, tzinfo=UTC), WORLD)

    assert week.monday == date(2026, 11, 16)
    assert week.end == datetime(2026, 11, 23, tzinfo=UTC)


def test_midnight_is_that_of_the_time_zone():
    week = weeks.last_over(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), BERLIN)

    assert week.monday == date(2026, 11, 16)


def test_a_week_in_which_clocks_go_back_is_an_hour_longer():
    week = weeks.week_of(date(2026, 10, 19), BERLIN)

    assert week.end - week.start == timedelta(days=7, hours=1)


def test_mails_go_out_from_seven_on_monday_until_thursday():
    week = weeks.week_of(date(2026, 11, 16), BERLIN)

    assert not weeks.is_mail_due(week, datetime(2026, 11, 23, 5, 59, tzinfo=UTC), BERLIN)
    assert weeks.is_mail_due(week, datetime(2026, 11, 23, 6, 0, tzinfo=UTC), BERLIN)
    assert not weeks.is_mail_due(week, datetime(2026, 11, 26, 6, 0, tzinfo=UTC), BERLIN)


@given(st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, tz=UTC)))
def test_the_last_week_is_over_and_the_next_one_is_not(now):
    week = weeks.last_over(now, BERLIN)

    assert week.is_over(now)
    assert not weeks.week_of(week.after, BERLIN).is_over(now)
    assert week.monday.weekday() == 0


def test_a_week_is_named_by_its_first_and_last_day():
    assert words.dates(weeks.week_of(date(2026, 11, 16), WORLD)) == "16 to 22 Nov 2026"
