"""Ratios of prices and durations: their intervals cover, and one very long answer does not decide."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evals.statistics.ratios import paired_ratio

ROUNDS = 1_000


@pytest.mark.parametrize(("n", "truth"), [(20, 1.12), (200, 0.7)])
def test_the_interval_of_a_ratio_covers(n, truth):
    random, covered = np.random.default_rng(n), 0
    for _ in range(ROUNDS):
        item = random.normal(7, 1, n)
        a, b = item + random.normal(0, 0.4, n), item + math.log(truth) + random.normal(0, 0.4, n)
        covered += paired_ratio(a, b).interval.holds(truth)

    assert covered / ROUNDS >= 0.93


def test_items_that_share_a_source_are_clustered():
    random, groups = np.random.default_rng(5), [group for group in range(20) for _ in range(10)]
    ignored = clustered = 0
    for _ in range(ROUNDS):
        shift = random.normal(0, 0.3, 20).repeat(10) + random.normal(0, 0.4, 200)
        ignored += paired_ratio(np.zeros(200), shift).is_clear
        clustered += paired_ratio(np.zeros(200), shift, groups=groups).is_clear

    assert clustered / ROUNDS <= 0.07
    assert ignored > 2 * clustered


def test_halving_and_doubling_are_each_others_opposite():
    a, b = np.log([100.0, 300.0, 80.0]), np.log([220.0, 590.0, 150.0])

    there, back = paired_ratio(a, b), paired_ratio(b, a)

    assert there.estimate == pytest.approx(1 / back.estimate)
    assert there.interval.low == pytest.approx(1 / back.interval.high)


def test_one_answer_that_took_a_hundred_times_as_long_moves_it_little():
    a = np.log(np.full(50, 1_000.0))
    b = a.copy()
    b[0] += math.log(100)

    assert paired_ratio(a, b).estimate == pytest.approx(1.096, abs=0.01)


def test_without_items_everything_is_possible():
    found = paired_ratio([], [])

    assert (found.estimate, found.is_clear) == (1.0, False)
    assert found.interval.holds(5)
