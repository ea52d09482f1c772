"""How many more labels a judge needs."""

from __future__ import annotations

import numpy as np

from evals.statistics import labels
from evals.statistics.judges import corrected_rate


def _sample(random, n: int, *, rate: float = 0.7, right: float = 0.85):
    people = random.random(n) < rate
    judge = np.where(random.random(n) < right, people, ~people)
    return people.astype(float), judge.astype(float)


def test_with_as_many_labels_as_it_says_the_interval_is_sharp():
    random = np.random.default_rng(5)
    people, judge = _sample(random, 120)
    _, elsewhere = _sample(random, 5_000)

    more = labels.more_needed(people, judge, judge_elsewhere=elsewhere)
    later_people, later_judge = _sample(random, 120 + more)
    found = corrected_rate(later_people, later_judge, judge_elsewhere=elsewhere)

    assert more > 0
    assert (found.interval.high - found.interval.low) / 2 < 1.15 * labels.SHARP


def test_nobody_concludes_from_fewer_than_a_hundred():
    assert labels.more_needed([1.0, 0.0] * 20, [1.0, 0.0] * 20, judge_elsewhere=[1.0, 0.0] * 500) == 60


def test_failures_that_hardly_come_need_more_labels():
    people = [1.0] * 118 + [0.0] * 2

    assert labels.more_needed(people, people, judge_elsewhere=[1.0] * 5_000) > 200


def test_there_are_never_more_to_label_than_items():
    assert labels.more_needed([1.0] * 10, [1.0] * 10, judge_elsewhere=[1.0] * 7) == 7


def test_a_judge_that_errs_like_people_needs_no_more():
    people = [1.0, 0.0] * 300

    assert labels.more_needed(people, people, judge_elsewhere=people * 5) == 0


def test_labels_are_not_asked_for_where_only_more_items_would_help():
    people = [1.0, 0.0] * 75

    assert labels.more_needed(people, people, judge_elsewhere=[1.0, 0.0] * 20) == 0
