"""What a month will have cost: the forecast hits what can be known, and its interval holds the truth as often as it says."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.costs import forecasts

DAY = timedelta(days=1)
TODAY = date(2026, 11, 16)
LAST = date(2026, 11, 30)

money = st.floats(min_value=0, max_value=1e6, allow_nan=False)


def days(costs):
    return [(TODAY - DAY * (len(costs) - number), cost) for number, cost in enumerate(costs)]


def made(costs, *, today_spent=0.0, share=0.0, before=0.0, last=LAST):
    return forecasts.forecast(
        finished=days(costs), spent=before + today_spent, today=TODAY, today_spent=today_spent, today_share=share, last=last
    )  # fmt: skip


def test_too_few_days_say_nothing():
    assert made([10.0] * (forecasts.FEWEST_DAYS - 1)) is None


def test_days_that_cost_the_same_go_on_like_that():
    found = made([10.0] * 30, before=150.0)

    assert found.expected == pytest.approx(150 + 15 * 10)
    assert (found.low, found.high) == (pytest.approx(found.expected), pytest.approx(found.expected))


def test_days_of_the_week_are_told_apart_from_two_weeks_on():
    costs = [2.0 if day.weekday() >= 5 else 10.0 for day, _ in days([0.0] * 56)]

    found = made(costs)
    ahead = dict(found.ahead)

    assert found.knows_weekdays
    assert ahead[date(2026, 11, 21)] < 4 < 8 < ahead[date(2026, 11, 23)]
    assert not made(costs[:7]).knows_weekdays


def test_newer_weeks_count_more_than_older_ones():
    assert made([10.0] * 28 + [20.0] * 28).expected > 15 * 15


def test_a_day_that_is_half_over_adds_only_its_rest():
    assert made([10.0] * 30, today_spent=5.0, share=0.5, last=TODAY).expected == pytest.approx(10.0)


def test_a_day_that_is_dearer_than_usual_goes_on_like_that():
    assert made([10.0] * 30, today_spent=50.0, share=0.5, last=TODAY).expected == pytest.approx(100.0)


def test_the_day_a_limit_is_passed_is_the_first_on_which_it_is_reached():
    found = made([10.0] * 30, before=100.0)

    assert forecasts.day_reached(limit=125.0, forecast=found) == TODAY + 2 * DAY
    assert forecasts.day_reached(limit=251.0, forecast=found) is None


@given(st.lists(money, min_size=7, max_size=70), money, st.floats(min_value=0, max_value=1))
def test_a_forecast_lies_in_its_interval_and_never_below_what_is_spent(costs, spent, share):
    found = made(costs, today_spent=spent, share=share)

    slack = 1e-6 * (1 + found.expected)
    assert spent <= found.low + slack
    assert found.low <= found.expected + slack
    assert found.expected <= found.high + slack


@given(st.lists(money, min_size=7, max_size=60), st.floats(min_value=0.01, max_value=100))
def test_money_in_another_currency_scales_everything_alike(costs, factor):
    found, scaled = made(costs), made([cost * factor for cost in costs])

    for name in ("expected", "low", "high"):
        assert getattr(scaled, name) == pytest.approx(getattr(found, name) * factor, rel=1e-6, abs=1e-3)


@given(st.lists(money, min_size=7, max_size=60))
def test_more_days_ahead_never_cost_less(costs):
    assert made(costs, last=LAST).expected >= made(costs, last=LAST - 5 * DAY).expected


def _truth(chance, *, is_weekly, drift):
    level, costs = 100.0, []
    for number in range(56 + 15):
        level *= 1 + chance.gauss(0, drift)
        weekday = (TODAY - DAY * (56 - number)).weekday()
        costs.append(level * (0.4 if is_weekly and weekday >= 5 else 1.0) * max(0.05, chance.gauss(1, 0.2)))
    return costs[:56], sum(costs[56:])


@pytest.mark.parametrize(("is_weekly", "drift"), [(False, 0.0), (True, 0.0), (True, 0.02)])
def test_the_interval_holds_about_nine_of_ten_truths(is_weekly, drift):
    chance = random.Random(8)
    held = 0
    for _ in range(150):
        known, truth = _truth(chance, is_weekly=is_weekly, drift=drift)
        found = made(known)
        held += found.low <= truth <= found.high

    assert 0.82 <= held / 150 <= 1.0
