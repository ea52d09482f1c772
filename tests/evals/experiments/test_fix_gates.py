"""A fix goes on when it is better on calls with the problem that were held out, and no worse on good ones."""

from __future__ import annotations

import pytest

from evals.experiments import comparisons, fix_gates, fix_verdicts
from evals.experiments.fix_verdicts import GateState
from evals.models import DatasetItem
from evals.statistics.paired import pass_difference
from tests.evals.experiment_factories import make_judged


def difference(before: str, after: str):
    return pass_difference([sign == "1" for sign in before], [sign == "1" for sign in after])


BETTER = difference("0" * 20, "1" * 18 + "00")
ALL_GOOD = difference("1" * 60, "1" * 60)


def test_better_on_problems_and_no_worse_on_good_ones_passes():
    assert fix_verdicts.judge(BETTER, ALL_GOOD).state == GateState.PASSED


def test_no_better_on_problems_fails():
    assert fix_verdicts.judge(difference("0" * 20, "1" + "0" * 19), ALL_GOOD).state == GateState.FAILED


def test_breaking_good_ones_fails():
    assert fix_verdicts.judge(BETTER, difference("1" * 60, "1" * 45 + "0" * 15)).state == GateState.FAILED


@pytest.mark.parametrize("good", [None, difference("1" * 10, "1" * 10)])
def test_too_few_good_calls_leave_it_unsure(good):
    assert fix_verdicts.judge(BETTER, good).state == GateState.UNSURE


def test_too_few_calls_with_the_problem_leave_it_unsure():
    assert fix_verdicts.judge(difference("000", "111"), ALL_GOOD).state == GateState.UNSURE


@pytest.mark.django_db
def test_only_problems_that_were_held_out_and_good_calls_are_looked_at():
    # Ten problems to write by, ten held out, sixty good ones.
    before, after = "0" * 20 + "1" * 60, "0" * 10 + "1" * 70
    experiment = make_judged({"No refusal": [before, after]})
    items = list(experiment.dataset.items.current().by_number())
    for place, item in enumerate(items):
        item.tags = ["problem"] if place < 20 else ["good"]
        item.split = "tune" if place < 10 or place >= 50 else "hold-out"
    DatasetItem.objects.bulk_update(items, ["tags", "split"])
    comparison = comparisons.compare(experiment=experiment)

    gate = fix_gates.gate(comparison, old=0, new=1, checks=[comparison.checks[0].version_id])

    assert gate.problems is not None
    assert gate.good is not None
    assert (gate.problems.items, gate.problems.estimate) == (10, 1.0)
    assert gate.good.items == 60
    assert gate.state == GateState.PASSED
