"""A judge that errs in a known way does not mislead: the corrected rate covers what people would have found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics.intervals import wilson
from evals.statistics.judges import agreement, corrected_rate

ROUNDS = 500


def _sample(random, n: int, *, rate=0.8, sensitivity=0.95, specificity=0.9):
    people = random.random(n) < rate
    judge = np.where(people, random.random(n) < sensitivity, random.random(n) > specificity)
    return people.astype(float), judge.astype(float)


def test_the_corrected_rate_covers_and_is_shorter_than_labels_alone():
    random = np.random.default_rng(1)
    covered, width, width_of_labels = 0, 0.0, 0.0
    for _ in range(ROUNDS):
        people, judge = _sample(random, 200)
        _, elsewhere = _sample(random, 5_000)
        found = corrected_rate(people, judge, judge_elsewhere=elsewhere)
        covered += found.interval.holds(0.8)
        width += found.interval.high - found.interval.low
        alone = corrected_rate(people, judge, judge_elsewhere=[])
        width_of_labels += alone.interval.high - alone.interval.low

    assert covered / ROUNDS >= 0.93
    assert width < 0.7 * width_of_labels


def test_the_judge_alone_would_have_been_wrong():
    random = np.random.default_rng(2)
    people, judge = _sample(random, 200, sensitivity=0.8)
    _, elsewhere = _sample(random, 5_000, sensitivity=0.8)

    found = corrected_rate(people, judge, judge_elsewhere=elsewhere)

    assert not found.interval.holds(float(np.mean(elsewhere)))
    assert found.interval.holds(0.8)


def test_a_judge_that_throws_a_coin_is_not_trusted():
    random = np.random.default_rng(3)
    people, judge = _sample(random, 300, sensitivity=0.5, specificity=0.5)

    found = corrected_rate(people, judge, judge_elsewhere=list(judge) * 10)

    assert found.trust < 0.2
    assert found.estimate == pytest.approx(float(people.mean()), abs=0.02)


def test_too_few_labels_of_one_kind_are_said():
    people = [1.0] * 97 + [0.0] * 3

    assert corrected_rate(people, people, judge_elsewhere=people * 10).needs_labels


def test_labels_that_are_all_alike_leave_an_interval_with_a_width():
    found = corrected_rate([1.0] * 100, [1.0] * 100, judge_elsewhere=[1.0] * 400)

    assert found.needs_labels
    assert found.interval.low == pytest.approx(wilson(100, 100).low)
    assert found.interval.high == 1


@pytest.mark.parametrize("labels", [[], [1.0]])
def test_without_labels_everything_is_possible(labels):
    found = corrected_rate(labels, labels, judge_elsewhere=[1.0, 0.0])

    assert (found.interval.low, found.interval.high, found.needs_labels) == (0, 1, True)


def test_agreement_is_told_by_kind_and_without_what_chance_gives():
    people = [True] * 40 + [False] * 10
    judge = [True] * 36 + [False] * 4 + [True] * 2 + [False] * 8

    found = agreement(people, judge)

    assert (found.sensitivity, found.specificity) == (0.9, 0.8)
    assert found.kappa == pytest.approx((0.88 - 0.656) / (1 - 0.656))
    assert found.may_decide


def test_a_judge_that_passes_everything_agrees_by_chance_only():
    found = agreement([True] * 45 + [False] * 5, [True] * 50)

    assert found.kappa == pytest.approx(0)
    assert not found.may_decide


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=50))
def test_any_labels_give_a_rate_between_nothing_and_all(pairs):
    people, judge = [float(pair[0]) for pair in pairs], [float(pair[1]) for pair in pairs]

    found = corrected_rate(people, judge, judge_elsewhere=judge)

    assert 0 <= found.interval.low <= found.interval.high <= 1
