"""Comparisons of experiments as they stand in the database: pairs, errors, groups, repetitions, words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evals.experiments import comparisons
from evals.experiments.contrasts import LeftOut
from evals.experiments.models import ExperimentCell, ExperimentState
from evals.statistics.verdicts import Verdict
from tests.evals.experiment_factories import answer, items_of, make_experiment, make_judged
from tests.evals.factories import add, make_dataset

pytestmark = pytest.mark.django_db


def compared(scores, **values):
    return comparisons.compare(experiment=make_judged(scores, **values))


def result_of(comparison, *, column=1, check=0):
    return comparison.columns[column].results[check]


def test_passes_are_counted_item_by_item():
    found = result_of(compared({"Correct": ["1100" * 10, "1110" * 10]}))

    assert (found.contrast.wins, found.contrast.losses, found.contrast.ties) == (10, 0, 30)
    assert found.contrast.difference.estimate == pytest.approx(0.25)
    assert found.verdict == Verdict.BETTER


def test_the_words_name_what_is_better_what_is_not_and_what_got_worse():
    comparison = compared({"Correct": ["1100" * 20, "1110" * 20], "Polite": ["1" * 80, "00110" + "1" * 75]})

    words = comparison.columns[1].words

    assert words.startswith("Probably better on «Correct» (+25 points, 95 % from +")
    assert "«Polite»" in words
    assert words.endswith("3 items got clearly worse.")


def test_a_failed_answer_is_left_out_of_every_check_and_said():
    found = result_of(compared({"Correct": ["11110", "x1!10"]}))

    assert found.contrast.difference.items == 3
    assert found.contrast.left_out == (LeftOut("an answer failed", 1), LeftOut("the check could not judge", 1))


def test_what_a_check_could_not_judge_is_counted_as_an_error_and_never_as_a_score():
    comparison = compared({"Correct": ["1!11", "1111"]})

    level = comparison.baseline.levels[0]

    assert (level.items, level.errors, level.estimate) == (3, 1, 1.0)


def test_a_test_that_stopped_at_its_limit_says_what_was_not_run():
    found = result_of(compared({"Correct": ["111-", "110-"]}))

    assert found.contrast.left_out == (LeftOut("not run", 1),)


def test_while_it_runs_the_verdict_is_preliminary():
    comparison = compared({"Correct": ["1111", "11.."]}, state=ExperimentState.RUNNING)

    assert comparison.is_preliminary
    assert comparison.columns[1].words.startswith("After 2 of 4 items, and not final: ")


def test_what_was_cancelled_is_never_final():
    comparison = compared({"Correct": ["1111", "11--"]}, state=ExperimentState.CANCELLED)

    assert comparison.is_preliminary
    assert comparison.columns[1].words.startswith("Cancelled after 2 of 4 items, and not final: ")


def test_where_it_may_stop_early_the_end_has_to_be_surer():
    scores = {"Correct": ["1" * 60 + "0" * 17 + "1" * 7, "1" * 60 + "1" * 17 + "0" * 7]}

    usual, surer = compared(scores), compared(scores, stops_early=True)

    assert result_of(usual).contrast.difference.p_value == pytest.approx(0.04, abs=0.01)
    assert result_of(usual).verdict == Verdict.BETTER
    assert result_of(surer).verdict == Verdict.UNKNOWN
    assert "a test that may stop early has to be surer" in surer.columns[1].words


def test_a_test_that_stopped_early_says_that_it_was_lucky():
    scores = {"Correct": ["0" * 20 + "-" * 20, "1" * 20 + "-" * 20]}

    stopped = compared(scores, stops_early=True)

    assert not stopped.is_preliminary
    assert stopped.columns[1].words.endswith("probably smaller than it looks here.")
    assert "smaller" not in compared(scores).columns[1].words


def test_scores_between_are_compared_by_their_mean():
    found = result_of(compared({"Similar": [[0.5, 0.6, 0.7], [0.6, 0.7, 0.9]]}))

    assert found.contrast.difference.estimate == pytest.approx(0.4 / 3)
    assert not found.check.is_rate


def test_repetitions_are_averaged_before_items_are_compared():
    comparison = compared({"Correct": ["110010", "111111"]}, repetitions=2)

    found = result_of(comparison)

    assert found.contrast.difference.items == 3
    assert found.contrast.difference.estimate == pytest.approx((0 + 1 + 0.5) / 3)
    assert found.contrast.repeats is not None


def test_items_of_one_source_are_clustered():
    dataset = make_dataset()
    for number in range(12):
        add(dataset, metadata={"document": f"d{number % 4}"})

    comparison = compared({"Correct": ["010101010101", "111111000000"]}, dataset=dataset, grouped_by="document")

    assert result_of(comparison).contrast.difference.groups == 4


def test_an_item_without_a_source_stands_for_itself():
    dataset = make_dataset()
    add(dataset, metadata={"a__b": "x"})
    add(dataset, metadata={"a__b": "x"})
    add(dataset)
    add(dataset)

    comparison = compared({"Correct": ["0101", "1111"]}, dataset=dataset, grouped_by="a__b")

    assert result_of(comparison).contrast.difference.groups == 3


def test_a_check_that_compares_with_the_first_column_is_a_duel():
    comparison = compared({"Which is better": [["_"] * 6, [1, 1, 0.5, 0, 1, 0.5]]})

    found = result_of(comparison)

    assert found.check.is_duel
    assert (found.contrast.wins, found.contrast.losses, found.contrast.ties) == (3, 1, 2)


def test_any_column_can_be_what_the_others_are_compared_with():
    experiment = make_judged({"Correct": ["1100", "1110", "1111"]})

    comparison = comparisons.compare(experiment=experiment, against=2)

    assert comparison.baseline.place == 2
    assert [column.results[0].contrast.losses for column in comparison.others] == [2, 1]


def test_verdicts_are_corrected_for_every_check_and_variant_at_once():
    one = "1" * 60 + "1" * 24 + "0" * 10, "1" * 60 + "0" * 24 + "1" * 10
    same = "1" * 79 + "0" * 15, "1" * 64 + "0" * 15 + "1" * 15

    alone = compared({"Correct": [one[1], one[0]]})
    among = compared({"Correct": [one[1], one[0]]} | {f"Check {number}": list(same) for number in range(9)})

    assert result_of(alone).verdict == Verdict.BETTER
    assert result_of(among).finding.is_maybe_chance


def test_the_best_of_several_is_named_for_its_luck():
    several = compared({"Correct": ["1100" * 20, "1110" * 20, "1111" * 20]})
    two = compared({"Correct": ["1100" * 20, "1110" * 20]})

    assert several.leader is not None
    assert several.leader.place == 2
    assert two.leader is None


def test_price_and_time_are_ratios_over_the_same_items():
    experiment = make_judged({"Correct": ["1" * 20, "1" * 20]})
    for order, item in enumerate(items_of(experiment)):
        cells = ExperimentCell.objects.filter(experiment=experiment, item=item)
        cells.filter(column=0).update(cost_nano_usd=1_000 * (order + 1), latency_ms=500 + order)
        cells.filter(column=1).update(cost_nano_usd=(1_120 + order % 3) * (order + 1), latency_ms=1.5 * (500 + order))

    column = comparisons.compare(experiment=experiment).columns[1]

    assert column.price is not None
    assert column.time is not None
    assert column.price.ratio.estimate == pytest.approx(1.12, abs=0.001)
    assert (column.price.is_clear, column.time.is_clear) == (True, True)
    assert "12 % dearer, 50 % slower" in column.words


def test_answers_kept_from_before_say_nothing_about_time():
    experiment = make_judged({"Correct": ["1111", "1111"]})
    ExperimentCell.objects.filter(experiment=experiment, column=1).update(is_cached=True)

    assert comparisons.compare(experiment=experiment).columns[1].time is None


def test_an_experiment_without_checks_says_so():
    experiment = make_experiment(evaluators=())
    answer(experiment, {})

    assert comparisons.compare(experiment=experiment).columns[1].words.startswith("No check judged these answers")


def test_an_experiment_that_has_just_begun_can_be_looked_at():
    comparison = compared({"Correct": ["....", "...."]}, state=ExperimentState.RUNNING)

    assert "nothing to compare" in comparison.columns[1].words
    assert comparison.finished == 0


def test_the_worst_items_come_first_and_only_such_as_lost():
    comparison = compared({"Correct": ["11110", "10101"], "Polite": ["11111", "10111"]})

    worst = comparisons.worst(comparison, column=1)

    numbers = [item.number for item in items_of(comparison.experiment)]
    assert [(harm.number, harm.change) for harm in worst] == [(numbers[1], -2.0), (numbers[3], -1.0)]


def test_a_comparison_takes_few_questions_to_the_database_however_many_items():
    experiment = make_judged({"Correct": ["10" * 100, "11" * 100], "Polite": ["10" * 100, "11" * 100]})

    with CaptureQueriesContext(connection) as queries:
        comparisons.compare(experiment=experiment)

    assert len(queries) <= 5
