"""Paired comparisons: intervals cover, nothing is found where nothing is, and shared sources do not fool them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.statistics.paired import holm, mcnemar, mean_difference, pass_difference, power_of

ROUNDS = 1_000


def test_without_groups_it_is_the_paired_t_test():
    differences = list(np.random.default_rng(1).normal(0.1, 0.4, 60))
    expected = stats.ttest_1samp(differences, 0)
    interval = expected.confidence_interval()

    found = mean_difference(differences)

    assert found.estimate == pytest.approx(np.mean(differences))
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_every_item_in_a_group_of_its_own_changes_nothing():
    differences = list(np.random.default_rng(2).normal(0, 1, 40))

    alone, grouped = mean_difference(differences), mean_difference(differences, groups=list(range(40)))

    assert grouped == alone


def test_items_said_twice_count_once_when_they_share_a_source():
    differences = list(np.random.default_rng(3).normal(0.2, 1, 40))
    once = mean_difference(differences)

    twice = mean_difference(differences * 2, groups=list(range(40)) * 2)

    assert (twice.interval.low, twice.interval.high) == pytest.approx((once.interval.low, once.interval.high))
    assert (twice.items, twice.groups) == (80, 40)


def test_shared_sources_that_are_known_cause_no_false_finds():
    random = np.random.default_rng(4)
    groups = [group for group in range(30) for _ in range(10)]
    ignored = clustered = 0
    for _ in range(ROUNDS):
        differences = list(random.normal(0, 0.35, 30).repeat(10) + random.normal(0, 1, 300))
        ignored += mean_difference(differences).p_value < 0.05
        clustered += mean_difference(differences, groups=groups).p_value < 0.05

    assert clustered / ROUNDS <= 0.065
    assert ignored / ROUNDS > 2 * clustered / ROUNDS


@pytest.mark.parametrize("n", [15, 100])
def test_the_interval_of_a_mean_covers(n):
    random = np.random.default_rng(n)
    covered = sum(mean_difference(list(random.normal(0.3, 1, n))).interval.holds(0.3) for _ in range(ROUNDS))

    assert covered / ROUNDS >= 0.93


@pytest.mark.parametrize(("n", "b_wins", "a_wins"), [(50, 0.1, 0.1), (200, 0.12, 0.04), (1_000, 0.02, 0.01)])
def test_the_interval_of_passes_covers(n, b_wins, a_wins):
    random, covered = np.random.default_rng(n), 0
    for _ in range(ROUNDS):
        kind = random.choice(3, size=n, p=[b_wins, a_wins, 1 - b_wins - a_wins])
        found = pass_difference(list(kind == 1), list(kind == 0))
        covered += found.interval.holds(b_wins - a_wins)

    assert covered / ROUNDS >= 0.93


def test_two_runs_of_the_same_prompt_are_rarely_called_different():
    random, found = np.random.default_rng(7), 0
    for _ in range(ROUNDS):
        easy = random.beta(3, 1, 200)
        a, b = (random.random(200) < easy for _ in range(2))
        interval = pass_difference(list(a), list(b)).interval
        found += not interval.holds(0)

    assert found / ROUNDS <= 0.05


def test_passes_that_share_a_source_are_clustered():
    a, b = [False, True] * 20, [True, True] * 20

    grouped = pass_difference(a, b, groups=[index // 4 for index in range(40)])

    assert (grouped.groups, grouped.items) == (10, 40)


@pytest.mark.parametrize(("wins", "losses"), [(5, 1), (30, 12), (7, 7), (0, 3)])
def test_mcnemar_counts_half_of_what_was_seen(wins, losses):
    n, k = wins + losses, min(wins, losses)
    tail = sum(stats.binom.pmf(range(k), n, 0.5)) + 0.5 * stats.binom.pmf(k, n, 0.5)

    assert mcnemar(wins, losses) == pytest.approx(min(1.0, 2 * tail))


def test_without_any_difference_the_unseen_is_bounded():
    few, many = mean_difference([0.0] * 10), mean_difference([0.0] * 300)

    assert 0.25 < few.interval.high < 0.26
    assert many.interval.high < 0.01


@pytest.mark.parametrize("differences", [[], [0.5]])
def test_one_item_says_nothing(differences):
    found = mean_difference(differences)

    assert (found.interval.low, found.interval.high, found.p_value) == (-1, 1, 1)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_correcting_for_several_keeps_the_order_and_never_lowers(p_values):
    corrected = holm(p_values)

    assert all(raw <= new <= 1 for raw, new in zip(p_values, corrected, strict=True))
    assert [corrected[index] for index in np.argsort(p_values, kind="stable")] == sorted(corrected)


def test_holm_is_the_textbook_one():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_swapping_the_variants_turns_the_difference_round(pairs):
    a, b = [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    there, back = pass_difference(a, b), pass_difference(b, a)

    assert there.estimate == pytest.approx(-back.estimate)
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.p_value == pytest.approx(back.p_value)


def test_pairing_finds_what_separate_samples_miss():
    power = power_of(0.028, variance=0.3 * 0.16, items=500)

    assert power > 0.5
    assert power_of(0.028, variance=2 * 0.16, items=500) < 0.25
