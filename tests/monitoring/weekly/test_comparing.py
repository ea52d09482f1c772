"""Weeks compared by unit: chance is not news, and people who call often do not make it news."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.weekly import comparing
from monitoring.weekly.comparing import Sums, Verdict


def sums(units: list[tuple[int, float]]) -> Sums:
    """Return the sums of units, each with its calls and what is bad about them."""
    return Sums(
        len(units), sum(n for n, _ in units), sum(b for _, b in units), sum(n * n for n, _ in units),
        sum(b * b for _, b in units), sum(n * b for n, b in units),
    )  # fmt: skip


def singles(count: int, bad: int) -> Sums:
    return sums([(1, 1.0)] * bad + [(1, 0.0)] * (count - bad))


def test_a_clear_rise_is_worse():
    assert comparing.shares(singles(1000, 120), singles(1000, 40)).verdict == Verdict.WORSE


def test_a_clear_fall_is_better():
    assert comparing.shares(singles(1000, 40), singles(1000, 120)).verdict == Verdict.BETTER


def test_a_small_change_is_no_news():
    assert comparing.shares(singles(1000, 55), singles(1000, 45)).verdict == Verdict.SAME


def test_few_units_say_nothing_however_many_calls_they_make():
    heavy = sums([(500, 400.0)] * 19)

    assert comparing.shares(heavy, singles(1000, 40)).verdict == Verdict.UNKNOWN


def test_what_one_person_met_twenty_times_is_not_twenty_people():
    calm = sums([(5, 0.0)] * 95 + [(5, 1.0)] * 5)
    one_storm = sums([(5, 0.0)] * 95 + [(5, 1.0)] * 4 + [(20, 20.0)])

    found = comparing.shares(one_storm, calm)

    assert (found.now.ratio or 0) > 4 * (found.before.ratio or 1)
    assert found.verdict == Verdict.SAME


def test_single_calls_count_in_full():
    assert singles(1000, 40).effective == pytest.approx(999, abs=1.5)


def test_nothing_bad_in_either_week_is_the_same():
    assert comparing.shares(singles(300, 0), singles(300, 0)).verdict == Verdict.SAME


def test_dearer_calls_are_worse():
    dear, cheap = (
        sums([(2, 0.02 + 0.001 * (i % 3)) for i in range(60)]),
        sums([(2, 0.01 + 0.001 * (i % 3)) for i in range(60)]),
    )

    assert comparing.means(dear, cheap).verdict == Verdict.WORSE
    assert comparing.means(cheap, dear).verdict == Verdict.BETTER


def test_weeks_in_which_nothing_changed_are_seldom_reported():
    draw = random.Random(5)

    def week() -> Sums:
        people = []
        for _ in range(150):
            rate = draw.betavariate(0.5, 9.5)
            calls = draw.choice([1, 1, 2, 3, 5, 30])
            people.append((calls, float(sum(draw.random() < rate for _ in range(calls)))))
        return sums(people)

    reported = sum(comparing.shares(week(), week()).verdict != Verdict.SAME for _ in range(400))

    # 5 % are allowed for six measures together: 0.83 % for each.
    assert reported <= 10


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=40))
def test_the_effective_number_is_never_more_than_the_calls(units):
    found = sums([(n, float(round(n * share))) for n, share in units])

    assert 0 < found.effective <= found.size * (1 + 1e-9)


@given(st.integers(20, 400), st.integers(20, 400), st.data())
def test_the_interval_holds_the_difference_that_was_seen(calls, others, data):
    bad, other_bad = data.draw(st.integers(0, calls)), data.draw(st.integers(0, others))

    found = comparing.shares(singles(calls, bad), singles(others, other_bad))

    assert found.low - 1e-9 <= bad / calls - other_bad / others <= found.high + 1e-9
