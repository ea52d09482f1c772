"""The interval of a rate holds the true rate as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.intervals import wilson


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (3, 10), (95, 100), (100, 100), (1, 5_000)])
def test_it_is_the_interval_of_wilson(successes, n):
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")

    found = wilson(successes, n)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_stays_between_nothing_and_all_and_holds_what_was_seen(case):
    successes, n = case
    found = wilson(successes, n)

    assert 0 <= found.low <= found.high <= 1
    assert n == 0 or found.holds(successes / n)


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_it_covers(rate):
    draws = np.random.default_rng(1).binomial(150, rate, 2_000)

    assert np.mean([wilson(int(draw), 150).holds(rate) for draw in draws]) >= 0.93
