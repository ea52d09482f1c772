"""Counts of short times become readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import usage_latency
from monitoring.alerts import grid, windows
from monitoring.alerts.measures import MEASURES
from monitoring.alerts.rules import Kind, Period
from monitoring.alerts.windows import Part, series
from monitoring.usage_latency import Histogram

START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR, STEP = timedelta(hours=1), timedelta(minutes=5)


def hours(counts: dict[int, tuple[int, float]], length: int) -> windows.Series:
    parts = [(START + HOUR * number, Part(*part)) for number, part in counts.items()]
    return series(start=START, end=START + HOUR * length, step=HOUR, parts=parts)


@given(
    counts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40),
    width=st.integers(1, 12),
)
def test_a_window_holds_exactly_the_steps_before_its_end(counts, width):
    parts = [(START + STEP * number, Part(count, bad)) for number, (count, bad) in enumerate(counts)]
    made = series(start=START, end=START + STEP * len(counts), step=STEP, parts=parts)

    for end in range(len(counts) + 1):
        part = made.between(START + STEP * (end - width), START + STEP * end)

        inside = counts[max(0, end - width) : end]
        assert (part.count, part.amount) == (sum(one for one, _ in inside), sum(bad for _, bad in inside))


def test_a_share_of_too_few_calls_is_none_to_judge_by():
    made = hours({0: (3, 3), 1: (30, 3)}, 2)

    few, enough = windows.of_threshold(
        MEASURES["errors"], made, window=HOUR, moments=[START + HOUR, START + HOUR * 2], least_calls=30
    )

    assert (few.value, few.is_enough) == (1.0, False)
    assert (enough.value, enough.is_enough) == (0.1, True)


def test_a_count_of_no_calls_is_a_count():
    (reading,) = windows.of_threshold(
        MEASURES["calls"], hours({}, 1), window=HOUR, moments=[START + HOUR], least_calls=30
    )

    assert (reading.value, reading.is_enough) == (0.0, True)


def test_a_percentile_is_read_from_all_durations_of_the_window():
    counts = np.zeros(usage_latency.LAST_BUCKET + 1, dtype=np.int64)
    fast, slow = counts.copy(), counts.copy()
    fast[usage_latency.bucket_of_ms(100)], slow[usage_latency.bucket_of_ms(5_000)] = 90, 10
    parts = [(START, Part(90, 0, Histogram(fast))), (START + STEP, Part(10, 0, Histogram(slow)))]
    made = series(start=START, end=START + STEP * 2, step=STEP, parts=parts, has_histograms=True)

    (reading,) = windows.of_threshold(
        MEASURES["p95"], made, window=STEP * 2, moments=[START + STEP * 2], least_calls=30
    )

    assert reading.value == pytest.approx(5_000, rel=0.02)


def weeks_of(values: list[float]) -> windows.Series:
    """Return a week for each value, with that many calls in its first hour."""
    return hours({168 * week: (int(value), value) for week, value in enumerate(values)}, 168 * len(values))


def test_usual_is_the_median_of_the_same_hour_so_that_one_odd_week_does_not_count():
    made = weeks_of([100, 9_000, 100, 110, 300])

    (reading,) = windows.of_change(
        MEASURES["calls"], made, window=HOUR, moments=[START + grid.WEEK * 4 + HOUR], least_calls=10
    )

    assert (reading.value, reading.usual, reading.is_enough) == (300.0, 105.0, True)


def test_weeks_with_too_few_calls_do_not_count_and_one_week_is_not_enough():
    made = weeks_of([3, 100, 4, 5, 300])

    (reading,) = windows.of_change(
        MEASURES["calls"], made, window=HOUR, moments=[START + grid.WEEK * 4 + HOUR], least_calls=10
    )

    assert (reading.usual, reading.is_enough) == (None, False)


def test_twice_next_to_nothing_is_measured_against_a_floor():
    made = hours({168 * week: (1_000, 0) for week in range(5)}, 168 * 5)

    (reading,) = windows.of_change(
        MEASURES["errors"], made, window=HOUR, moments=[START + grid.WEEK * 4 + HOUR], least_calls=10
    )

    assert reading.usual == MEASURES["errors"].floor


def test_silence_means_nothing_without_calls_in_the_week_before():
    made, later = hours({0: (60, 60)}, 400), START + HOUR * 10

    spoke, never = windows.of_silence(made, made, window=HOUR, moments=[later, START + HOUR * 300], least_calls=50)

    assert (spoke.value, spoke.is_enough) == (0.0, True)
    assert never.is_enough is False


def test_money_is_summed_from_the_beginning_of_the_month_even_before_the_series():
    made = hours({0: (1, 4.0), 30: (1, 6.0)}, 48)

    first, second = windows.of_budget(made, period=Period.MONTH, moments=[START + HOUR, START + HOUR * 48], before=10.0)

    assert (first.value, second.value) == (14.0, 20.0)
    assert first.period == datetime(2026, 11, 1, tzinfo=UTC)


def test_the_moment_of_midnight_still_belongs_to_the_day_that_ends():
    made = hours({1: (1, 4.0), 24: (1, 1.0)}, 48)

    ends, begins = windows.of_budget(
        made, period=Period.DAY, moments=[START + HOUR * 24, START + HOUR * 25], before=99.0
    )

    assert (ends.value, begins.value) == (4.0, 1.0)


@given(after=st.integers(0, 10_000), more=st.integers(0, 500), cut=st.integers(0, 500))
def test_ticks_meet_each_moment_of_the_grid_once_wherever_they_fall(after, more, cut):
    begin, middle, end = (
        START + timedelta(seconds=seconds) for seconds in (after, after + min(cut, more), after + more)
    )

    whole = grid.instants(after=begin, until=end, step=timedelta(minutes=1))
    parts = grid.instants(after=begin, until=middle, step=timedelta(minutes=1))
    parts += grid.instants(after=middle, until=end, step=timedelta(minutes=1))

    assert parts == whole


def test_the_steps_of_a_window_fit_into_it():
    for kind in Kind:
        for minutes in (60, 180, 360, 1440):
            window = timedelta(minutes=minutes)

            assert window % grid.step_of(kind, window) == timedelta(0)
