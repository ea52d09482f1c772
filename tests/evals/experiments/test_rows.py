"""Items of a comparison one by one: groups, order, and what a row shows."""

from __future__ import annotations

import pytest

from evals import datasets
from evals.experiments import comparisons, rows
from evals.experiments.models import ExperimentCell
from evals.experiments.rows import Show
from evals.item_contents import checked
from tests.evals.experiment_factories import items_of, make_judged

pytestmark = pytest.mark.django_db


def listed(scores, show: Show = Show.ALL, **values):
    comparison = comparisons.compare(experiment=make_judged(scores, **values))
    found = rows.standing(comparison, 1)
    return comparison, found, [int(place) for place in found.ordered(show)]


def test_the_most_damaged_come_first_then_failures_then_what_still_waits():
    _, _, order = listed({"Correct": ["0111110", "11x1.0!"], "Polite": ["1111111", "11x1.01"]})

    assert order == [5, 6, 1, 3, 0, 2, 4]


def test_every_group_holds_what_it_says():
    _, found, _ = listed({"Correct": ["11000", "1010x"], "Polite": ["11111", "1101x"]})

    assert {show.value: count for show, count in rows.counts(found).items()} == {
        "all": 5, "worse": 1, "better": 0, "differ": 2, "same": 2, "failed": 1,
    }  # fmt: skip
    assert [found.kind(place) for place in range(5)] == ["same", "worse", "mixed", "same", "failed"]


def test_of_what_got_better_the_best_comes_first():
    _, _, order = listed({"Similar": [[0.1, 0.1, 0.9], [0.3, 0.9, 0.8]]}, Show.BETTER)

    assert order == [1, 0]


def test_a_row_shows_the_beginning_of_long_answers():
    comparison, found, order = listed({"Correct": ["1", "0"]})
    ExperimentCell.objects.filter(experiment=comparison.experiment).update(output="word " * 1_000)

    (row,) = rows.rows(comparison, found, places=order, columns=[0, 1])

    answer = row.places[1].answers[0]
    assert (len(answer.text), answer.length, answer.is_cut) == (rows.EXCERPT, 5_000, True)
    assert (row.places[0].marks[0].value, row.places[1].marks[0].change) == (1.0, -1.0)


def test_an_item_is_read_as_it_was_when_the_experiment_started():
    experiment = make_judged({"Correct": ["1", "0"]})
    (item,) = items_of(experiment)
    datasets.change_item(
        dataset=experiment.dataset, number=item.number, content=checked(input={"question": "Changed?"}), by=None
    )

    found = rows.item_of(experiment, item.number)

    assert found is not None
    assert found.input == item.input
