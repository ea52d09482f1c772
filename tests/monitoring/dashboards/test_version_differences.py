"""The difference of two versions, person by person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitoring.dashboards.version_differences import FEWEST_UNITS, Side, difference, difference_of_shares


def side(amounts, counts=None):
    amounts = np.array(amounts, dtype=float)
    return Side(amounts, np.ones(len(amounts)) if counts is None else np.array(counts, dtype=float))


def test_below_so_many_people_nothing_is_said():
    few = side([1.0] * (FEWEST_UNITS - 3))

    found = difference(few, few)

    assert found.estimate is None
    assert found.missing_units == 3


def test_a_clear_difference_leaves_zero_out():
    lot = np.random.default_rng(1)
    first = side([*lot.normal(1, 0.2, 200), *np.zeros(200)], [*np.ones(200), *np.zeros(200)])
    second = side([*np.zeros(200), *lot.normal(2, 0.2, 200)], [*np.zeros(200), *np.ones(200)])

    found = difference(first, second)

    assert found.estimate == pytest.approx(1, abs=0.1)
    assert found.is_sure


def test_many_calls_of_few_people_tell_less_than_many_people():
    lot = np.random.default_rng(2)
    failed = lot.random(40) < 0.5
    none = np.zeros(40)
    heavy = side([*(failed * 50.0), *none], [*np.full(40, 50.0), *none])
    light = side([*none, *(lot.random(40) < 0.5) * 50.0], [*none, *np.full(40, 50.0)])
    once = side([*(failed * 1.0), *none], [*np.ones(40), *none])
    other = side([*none, *(light.amounts[40:] / 50)], [*none, *np.ones(40)])

    of_heavy, of_once = difference(heavy, light), difference(once, other)

    assert of_heavy.high - of_heavy.low == pytest.approx(of_once.high - of_once.low)


def test_what_nobody_met_yet_may_still_happen():
    never = side(np.zeros(50))

    found = difference_of_shares(never, never)

    assert found.estimate == 0
    assert found.high > 0.05
    assert not found.is_sure


def test_the_interval_of_shares_holds_the_truth_about_95_times_of_100():
    lot = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        sides = []
        for _ in range(2):
            counts = lot.integers(1, 12, 120).astype(float)
            sides.append(Side(lot.binomial(counts.astype(int), lot.beta(2, 6, 120)).astype(float), counts))
        found = difference_of_shares(*sides)
        held += found.low <= 0 <= found.high

    assert 0.91 <= held / 400 <= 0.995


def test_the_interval_holds_the_truth_about_95_times_of_100():
    lot = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        counts = lot.integers(1, 12, (2, 120)).astype(float)
        rates = lot.beta(2, 6, 120)
        sides = [Side(lot.binomial(row.astype(int), rates).astype(float), row) for row in counts]
        found = difference(*sides)
        held += found.low <= 0 <= found.high

    assert 0.91 <= held / 400 <= 0.985


_SUMS = arrays(np.float64, 40, elements=st.floats(0, 1e6))
_COUNTS = arrays(np.float64, 40, elements=st.integers(0, 50).map(float))


@given(_SUMS, _COUNTS, _SUMS, _COUNTS)
def test_turned_round_the_difference_is_the_same_with_the_other_sign(one, of_one, other, of_other):
    first, second = Side(one * (of_one > 0), of_one), Side(other * (of_other > 0), of_other)

    found, back = difference(first, second), difference(second, first)

    if found.estimate is None:
        assert back.estimate is None
    else:
        assert found.low <= found.estimate <= found.high
        assert back.estimate == pytest.approx(-found.estimate)
        assert (back.low, back.high) == (pytest.approx(-found.high), pytest.approx(-found.low))
