"""Percentiles as they are reported."""

from __future__ import annotations

import pytest

from benchmarks.figures import milliseconds, percentile


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 51), (99, 100), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_nothing_measured_is_zero() -> None:
    assert percentile([], 99) == 0


def test_times_are_named_and_reported_in_milliseconds() -> None:
    assert milliseconds([0.25], (50, 99), prefix="ack_") == {"ack_p50_ms": 250.0, "ack_p99_ms": 250.0}
