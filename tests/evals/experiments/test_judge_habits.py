"""Judges of pairs: how often they change their mind, which place they like, and what is left without length."""

from __future__ import annotations

import pytest

from evals.experiments import comparisons, judge_habits
from evals.experiments.models import ExperimentCell, ExperimentScore
from tests.evals.experiment_factories import make_judged

pytestmark = pytest.mark.django_db


SEEN_FIRST = {"first": "better", "second": "worse", "same": "same"}
SEEN_SECOND = {"first": "worse", "second": "better", "same": "same"}


def duel(values, orders):
    """Make a test whose judge chose these places: first with B in front, then with B behind."""
    experiment = make_judged({"Which is better": [["_"] * len(values), values]})
    scores = ExperimentScore.objects.filter(cell__experiment=experiment).order_by("cell__item__number")
    for score, both in zip(scores, orders, strict=True):
        seen = [SEEN_FIRST[both[0]], SEEN_SECOND[both[1]]]
        score.detail = {
            "orders": [{"verdict": said, "seen": one} for said, one in zip(both, seen, strict=True)],
            "is_consistent": seen[0] == seen[1],
        }
        score.save()
    return experiment


def habits_of(experiment):
    return judge_habits.habits(comparisons.compare(experiment=experiment), column=1)[0]


def test_pairs_on_which_the_judge_changed_its_mind_are_counted():
    found = habits_of(
        duel([1, 0.5, 0, 0.5], [("first", "second"), ("first", "first"), ("second", "first"), ("same", "same")])
    )

    assert (found.pairs, found.flips, found.flip_rate) == (4, 1, 0.25)
    assert (found.first, found.chosen) == (4, 6)
    assert not found.likes_a_place


def test_a_judge_that_always_takes_the_first_is_found_out():
    found = habits_of(duel([0.5] * 30, [("first", "first")] * 30))

    assert (found.flip_rate, found.first_rate, found.likes_a_place) == (1.0, 1.0, True)


def test_the_result_without_length_rests_on_answers_that_are_about_as_long():
    experiment = duel([1] * 6, [("first", "second")] * 6)
    ExperimentCell.objects.filter(experiment=experiment, column=0).update(output="x" * 100)
    for order, cell in enumerate(
        ExperimentCell.objects.filter(experiment=experiment, column=1).order_by("item__number")
    ):
        cell.output = "y" * (110 if order < 2 else 300)
        cell.save()

    assert habits_of(experiment).alike.items == 2


def test_odd_details_break_nothing():
    experiment = duel([1, 0], [("first", "second"), ("second", "first")])
    ExperimentScore.objects.filter(cell__experiment=experiment, value=1).update(
        detail={"is_consistent": ["x"], "orders": 7}
    )

    assert habits_of(experiment).pairs == 2


def test_checks_that_judge_alone_have_no_such_habits():
    assert judge_habits.habits(comparisons.compare(experiment=make_judged({"Correct": ["10", "11"]})), column=1) == []
