"""Slow calls among calls that take their time for a good reason."""

from __future__ import annotations

import math

import pytest

from benchmarks.detectors import planted
from monitoring.detectors import latency
from monitoring.detectors.latency import Timing


def test_planted_outliers_are_found_and_hardly_anything_else() -> None:
    found = planted.latency_figures({"made up": planted.made_up()})

    assert found["recall"] >= 0.95
    assert found["false_alarms"] <= 0.003


def test_a_long_answer_may_take_long() -> None:
    usual = latency.baseline([Timing(tokens, 0.5 + 0.01 * tokens) for tokens in range(10, 1_010)])

    assert not latency.outlier(Timing(1_000, 10.6), usual).is_flagged


def test_a_short_answer_that_takes_as_long_as_long_ones_do_is_no_outlier_yet() -> None:
    usual = latency.baseline([Timing(tokens, 0.5 + 0.01 * tokens) for tokens in range(10, 1_010)])

    assert not latency.outlier(Timing(10, 10.0), usual).is_flagged
    assert latency.outlier(Timing(10, 30.0), usual).is_flagged


def test_too_few_calls_say_nothing() -> None:
    usual = latency.baseline([Timing(100, 1.0)] * (latency.FEWEST_TO_COMPARE - 1))

    assert usual is None
    assert not latency.outlier(Timing(100, 1_000.0), usual).is_flagged


def test_times_that_cannot_be_are_left_out() -> None:
    usual = latency.baseline([Timing(100, 1.0)] * 40 + [Timing(100, 0.0), Timing(100, math.inf), Timing(100, math.nan)])

    assert usual is not None
    assert math.isclose(usual.usual_seconds(100), 1.0)
    assert not latency.outlier(Timing(100, math.nan), usual).is_flagged


def test_jitter_of_a_provider_like_clockwork_is_no_outlier() -> None:
    usual = latency.baseline([Timing(100, 1.0)] * 100)

    assert not latency.outlier(Timing(100, 1.2), usual).is_flagged


@pytest.mark.parametrize("every", [50, 20, 10])
def test_outliers_do_not_make_outliers_usual(every):
    timings = [Timing(100, (5 if place % every == 0 else 1) * (1 + place % 7 / 50)) for place in range(400)]

    usual = latency.baseline(timings)

    assert latency.outlier(Timing(100, 5.0), usual).is_flagged
    assert not latency.outlier(Timing(100, 1.12), usual).is_flagged
