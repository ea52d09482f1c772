"""The verdict follows the interval, and «not enough data» says how much would be."""

from __future__ import annotations

import pytest

from evals.statistics.paired import mean_difference, pass_difference
from evals.statistics.verdicts import Verdict, find, items_needed, settle


def passes(both: int, b_only: int, a_only: int):
    a = [True] * both + [False] * b_only + [True] * a_only
    b = [True] * both + [True] * b_only + [False] * a_only
    return pass_difference(a, b)


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        ((60, 30, 10), Verdict.BETTER), ((60, 10, 30), Verdict.WORSE), ((600, 2, 3), Verdict.SAME),
        ((60, 12, 8), Verdict.UNKNOWN), ((4, 3, 0), Verdict.UNKNOWN),
    ],
    ids=str,
)  # fmt: skip
def test_the_word_for_a_comparison(case, verdict):
    assert find(passes(*case)).verdict == verdict


def test_for_prices_and_times_less_is_better():
    cheaper = mean_difference([-0.2, -0.3, -0.25, -0.1] * 5)

    assert find(cheaper, higher_is_better=False).verdict == Verdict.BETTER


def test_a_wider_margin_makes_the_same_of_a_small_difference():
    small = mean_difference([0.02, -0.019] * 50)

    assert find(small, margin=0.001).verdict != Verdict.SAME
    assert find(small, margin=0.05).verdict == Verdict.SAME


@pytest.mark.parametrize(("difference", "items"), [(0.04, 777), (0.08, 188)])
def test_the_number_of_items_is_the_one_of_the_usual_formula(difference, items):
    assert items_needed(difference) == pytest.approx(items, abs=1)


def test_not_enough_data_says_how_many_more():
    found = find(passes(60, 12, 8))

    assert found.verdict == Verdict.UNKNOWN
    assert 500 < found.more_items < 1_500


def test_a_handful_of_items_never_carries_a_verdict():
    assert find(passes(0, 9, 0)).verdict == Verdict.UNKNOWN


def test_among_many_comparisons_a_narrow_one_is_maybe_chance():
    narrow, nothing = passes(60, 24, 10), passes(60, 15, 15)

    alone, among = settle([narrow]), settle([narrow, *[nothing] * 9])

    assert alone[0].verdict == Verdict.BETTER
    assert (among[0].verdict, among[0].is_maybe_chance) == (Verdict.UNKNOWN, True)
    assert among[0].more_items > 0


def test_what_is_clear_stays_clear_among_many():
    found = settle([passes(60, 60, 5), *[passes(60, 15, 15)] * 9])

    assert found[0].verdict == Verdict.BETTER


def test_several_comparisons_need_more_items():
    assert items_needed(0.05, comparisons=10) > 1.4 * items_needed(0.05)


def test_where_nothing_differs_few_more_items_tell_that_nothing_does():
    found = find(passes(60, 0, 0))

    assert found.verdict == Verdict.UNKNOWN
    assert find(passes(60 + found.more_items, 0, 0)).verdict == Verdict.SAME
    assert found.more_items < 50
