from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import usage_periods
from monitoring.usage_periods import MOST_POINTS, fit

NOW = datetime(2026, 11, 20, 14, 32, 10, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("length", "table", "step"),
    [
        (timedelta(hours=1), "usage_minute", timedelta(minutes=1)),
        (timedelta(hours=6), "usage_minute", timedelta(minutes=5)),
        (timedelta(hours=24), "usage_hour", timedelta(hours=1)),
        (timedelta(days=14), "usage_hour", timedelta(hours=3)),
        (timedelta(days=15), "usage_day", timedelta(days=1)),
        (timedelta(days=400), "usage_day", timedelta(days=7)),
    ],
)
def test_longer_ranges_are_read_from_coarser_tables(length, table, step):
    period = fit(NOW - length, NOW)

    assert (period.table, period.step) == (table, step)


@given(MOMENTS, st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)))
def test_buckets_cover_the_range_without_being_too_many(start, length):
    period = fit(start, start + length)

    assert start - period.step < period.start <= start
    assert period.moments[-1] < period.end <= period.moments[-1] + period.step
    assert len(period.moments) <= MOST_POINTS + 2


@given(MOMENTS, st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)))
def test_the_period_before_ends_where_this_one_starts_and_is_about_as_long(start, length):
    period = fit(start, start + length)

    before = period.before()

    assert (before.end, before.table, before.step) == (period.start, period.table, period.step)
    assert abs((before.end - before.start) - (period.end - period.start)) <= period.step
    assert before.start == usage_periods.snap(before.start, step=before.step)


def test_the_unfinished_bucket_is_known():
    period = fit(NOW - timedelta(hours=24), NOW)

    assert period.start == datetime(2026, 11, 19, 14, tzinfo=UTC)
    assert period.complete_until == datetime(2026, 11, 20, 14, tzinfo=UTC)


def test_weeks_begin_on_mondays():
    assert usage_periods.snap(NOW, step=timedelta(days=7)).weekday() == 0


@given(MOMENTS, st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=40)))
def test_slices_lie_side_by_side_and_cover_the_period_once(start, length):
    period = fit(start, start + length)

    slices = period.slices

    assert (slices[0].start, slices[-1].end) == (period.start, period.end)
    assert all(first.end == second.start for first, second in pairwise(slices))


def test_whole_days_inside_a_week_are_read_as_days():
    period = fit(NOW - timedelta(days=7), NOW)

    assert [part.table for part in period.slices] == ["usage_hour", "usage_day", "usage_hour"]
    assert period.slices[1].start == datetime(2026, 11, 14, tzinfo=UTC)
    assert period.slices[1].end == datetime(2026, 11, 20, tzinfo=UTC)
