"""The figures of `callboard bench alarms`, with few streams: hardly a false alarm, and changes found soon."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import alarms


@pytest.mark.parametrize("name", ["refusal 2 to 4 %, 200/h", "p95 +30 %, 200/h", "refusal 2 to 4 %, 20/h"])
def test_streams_without_a_change_have_few_false_alarms(name):
    # Of 400 streams: the figure of 0.1 hours is 40 of them, give or take 13.
    assert alarms.false_alarm_hours(alarms.CHANGES[name], streams=400, seed=7) <= 0.13


@pytest.mark.parametrize(
    ("name", "median", "late"),
    [("refusal 2 to 4 %, 200/h", 3.5, 7), ("p95 +30 %, 200/h", 1, 2), ("refusal 2 to 4 %, 20/h", 50, 105)],
)
def test_changes_are_found_soon(name, median, late):
    found = np.quantile(alarms.delay_hours(alarms.CHANGES[name], streams=300, seed=8), [0.5, 0.9])

    assert tuple(found) <= (median, late)
    assert found[1] <= late
