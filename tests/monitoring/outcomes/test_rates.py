"""Shares, averages and differences of outcomes."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.outcomes import rates
from monitoring.outcomes.rates import Estimate

# A busy machine is no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
counts = st.integers(0, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@patient
@given(counts)
def test_a_share_lies_in_its_interval(count):
    found = rates.share(count=count[0], total=count[1])

    if not count[1]:
        assert found is None
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_an_average_has_the_interval_of_student():
    values = [3.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0, 8.0]
    expected = stats.t.interval(0.95, len(values) - 1, loc=statistics.fmean(values), scale=stats.sem(values))

    found = rates.average(count=len(values), mean=statistics.fmean(values), deviation=statistics.stdev(values))

    assert (found.low, found.high) == pytest.approx(expected, rel=1e-3)


@patient
@given(st.integers(rates.FEWEST_FOR_AVERAGE, 100_000))
def test_the_reach_of_an_average_is_that_of_student(count):
    found = rates.average(count=count, mean=0.0, deviation=1.0)

    assert found.high == pytest.approx(stats.t.ppf(0.975, count - 1) / count**0.5, rel=1e-4)


def test_a_few_people_have_no_average():
    assert rates.average(count=9, mean=3.0, deviation=1.0) is None


def test_a_difference_is_the_one_of_newcombe():
    # His example: 56 of 70 against 48 of 80.
    found = rates.difference(rates.share(count=56, total=70), rates.share(count=48, total=80))

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@patient
@given(counts.filter(lambda one: one[1] > 0), counts.filter(lambda one: one[1] > 0))
def test_a_difference_turned_round_changes_its_sign(one, other):
    first, second = (rates.share(count=count, total=total) for count, total in (one, other))
    gap, back = rates.difference(first, second), rates.difference(second, first)

    assert gap.low <= gap.value <= gap.high
    assert (gap.value, gap.low, gap.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_without_uncertainty_the_difference_has_none():
    assert rates.difference(Estimate(5, 5, 5), Estimate(3, 3, 3)) == Estimate(2, 2, 2)
