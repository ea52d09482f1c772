"""Money: said beforehand, set aside before a call, and never passed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.experiments import attempts, cells, changes, money
from evals.experiments.models import AttemptOutcome, CellState, ExperimentAttempt, ExperimentState, Purpose
from evals.experiments.plans import Sampling
from projects import spending, spending_batches
from projects.errors import ProjectsError
from projects.models import Notification
from projects.spending_models import Expense
from tests.evals.experiments.conftest import run, states, variant, version_of

pytestmark = pytest.mark.django_db


def worst_of_one(plan) -> int:
    found = money.estimate(plan=plan)
    return found.worst.nano_usd // found.calls


def test_the_price_is_said_before_anything_is_asked(make_plan, connection, provider):
    plan = make_plan(5, variants=[variant(connection), variant(connection, "B: {{question}}")], repetitions=2)

    found = money.estimate(plan=plan)

    assert (found.cells, found.calls, found.cached) == (20, 20, 0)
    assert 0 < found.expected.nano_usd < found.worst.nano_usd
    assert found.seconds > 0
    assert provider.requests == []


def test_simulated_answers_cost_nothing(make_plan, connection):
    assert money.estimate(plan=make_plan(2, variants=[variant(connection, is_simulated=True)])).worst.nano_usd == 0


def test_samples_and_critiques_are_counted(make_plan, connection):
    once = money.estimate(plan=make_plan(2))
    best = money.estimate(
        plan=make_plan(0, variants=[variant(connection, sampling=Sampling.BEST_OF, samples=3)], revision=2)
    )
    critique = money.estimate(
        plan=make_plan(0, variants=[variant(connection, sampling=Sampling.SELF_CRITIQUE)], revision=2)
    )

    assert (once.calls, best.calls, critique.calls) == (2, 6, 6)
    assert best.expected.nano_usd == 3 * once.expected.nano_usd < critique.expected.nano_usd


def test_answers_that_were_paid_for_cost_nothing_in_the_next_experiment(start, make_plan, provider):
    start(4)
    run()
    provider.requests.clear()
    plan = make_plan(0)

    found = money.estimate(plan=plan)
    again = start(0)
    run()

    assert (found.cells, found.calls, found.cached, found.worst.nano_usd) == (4, 0, 4, 0)
    assert provider.requests == []
    again.refresh_from_db()
    assert (again.state, again.spent_nano_usd) == (ExperimentState.DONE, 0)
    assert set(again.cells.values_list("is_cached", flat=True)) == {True}


def test_repetitions_have_answers_of_their_own(start, provider):
    start(2, repetitions=3)

    run()

    assert set(provider.asked.values()) == {3}


def test_the_price_of_repetitions_counts_only_those_that_were_answered_before(start, make_plan):
    start(4)
    run()

    found = money.estimate(plan=make_plan(0, repetitions=3))

    assert (found.cells, found.calls, found.cached) == (12, 8, 4)
    assert money.estimate(plan=make_plan(0, repetitions=3, uses_cache=False)).calls == 12


def test_columns_that_ask_the_same_have_answers_of_their_own(start, make_plan, connection, provider):
    variants = [variant(connection), variant(connection)]
    start(2, variants=variants)

    run()

    assert set(provider.asked.values()) == {2}
    assert money.estimate(plan=make_plan(0, variants=variants)).calls == 0


def test_what_may_stop_early_does_not_begin_with_the_longest(start):
    experiment = start(40, stops_early=True)
    for place, cell in enumerate(experiment.cells.order_by("pk")):
        experiment.cells.filter(pk=cell.pk).update(predicted_tokens=place + 1)

    longest, mixed = (
        [one.predicted_tokens for one in cells.claim(experiment_id=experiment.pk, limit=10, to_judge=False, is_mixed=is_mixed)]
        for is_mixed in (False, True)
    )  # fmt: skip

    assert longest == list(range(40, 30, -1))
    assert sorted(mixed, reverse=True) != list(range(30, 20, -1))


def test_fresh_answers_can_be_asked_for(start, provider):
    start(2)
    run()
    start(0, uses_cache=False)

    run()

    assert set(provider.asked.values()) == {2}


def test_the_limit_of_the_experiment_is_never_passed(start, make_plan, provider, editor):
    worst = worst_of_one(make_plan(30))
    experiment = start(0, cap_nano_usd=worst * 105 // 100)

    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.PAUSED
    assert "Raise the limit" in experiment.reason
    assert experiment.spent_nano_usd <= experiment.cap_nano_usd
    assert experiment.reserved_nano_usd == 0
    assert set(states(experiment)) == {CellState.DONE, CellState.READY}
    assert provider.most_under_way == 1
    assert Notification.objects.filter(user=editor, kind="experiment:paused").exists()


def test_a_higher_limit_lets_it_go_on_to_the_end(start, make_plan, provider, editor):
    worst = worst_of_one(make_plan(8))
    experiment = start(0, cap_nano_usd=worst - 1)
    run()
    assert provider.requests == []

    changes.raise_cap(experiment=experiment, cap_nano_usd=worst * 20, by=editor)
    changes.resume(experiment=experiment, by=editor)
    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert set(provider.asked.values()) == {1}


def test_the_limit_of_the_day_pauses_with_its_reason(start, make_plan, project, editor):
    worst = worst_of_one(make_plan(6))
    spending.change_limits(project=project, project_nano_usd=worst - 1, person_nano_usd=worst * 100, by=editor)
    experiment = start(0)

    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.PAUSED
    assert "a day for this project" in experiment.reason
    assert not Expense.objects.exists()


def test_an_answer_that_nobody_waits_for_any_more_is_settled(start, project, editor):
    experiment = start(1)
    (cell,) = cells.claim(experiment_id=experiment.pk, limit=1, to_judge=False)
    wanted = [attempts.Wanted(cell.id, cell.token, Purpose.ANSWER, 0, 9_000)]
    attempts.open_calls(experiment_id=experiment.pk, wanted=wanted)
    changes.cancel(experiment=experiment, by=editor)
    ExperimentAttempt.objects.update(started_at=timezone.now() - timedelta(minutes=11))

    assert attempts.close_forgotten() == 1

    experiment.refresh_from_db()
    assert (experiment.reserved_nano_usd, experiment.spent_nano_usd) == (0, 9_000)
    assert ExperimentAttempt.objects.get().outcome == AttemptOutcome.LOST
    assert spending.today(project=project, user=editor).project.reserved_nano_usd == 0


def test_many_reservations_are_one_expense_each(project, editor):
    expenses = spending_batches.reserve(
        project=project, amounts_nano_usd=[100, 200, 300], purpose="experiment", by=editor
    )

    assert list(Expense.objects.order_by("pk").values_list("reserved_nano_usd", flat=True)) == [100, 200, 300]
    today = spending.today(project=project, user=editor)
    assert today.project.reserved_nano_usd == today.person.reserved_nano_usd == 600
    spending_batches.settle(costs_nano_usd=dict(zip(expenses, [10, 20, 30], strict=True)))
    spending_batches.settle(costs_nano_usd={expenses[0]: 99})
    today = spending.today(project=project, user=editor)
    assert today.project.reserved_nano_usd == today.person.reserved_nano_usd == 0
    assert today.project.spent_nano_usd == today.person.spent_nano_usd == 60


def test_as_much_is_set_aside_as_the_day_allows(project, editor):
    spending.change_limits(project=project, project_nano_usd=250, person_nano_usd=1_000, by=editor)

    expenses = spending_batches.reserve(project=project, amounts_nano_usd=[100] * 4, purpose="experiment", by=editor)

    assert len(expenses) == 2
    with pytest.raises(ProjectsError, match="a day for this project"):
        spending_batches.reserve(project=project, amounts_nano_usd=[100], purpose="experiment", by=editor)
    assert spending.today(project=project, user=editor).project.reserved_nano_usd == 200


def test_judges_are_part_of_the_price(make_plan, project, connection, editor):
    from evals.evaluators import definitions
    from evals.judges import catalogue

    settings = {"connection_id": connection.pk, "model": "gpt-5-mini", "criterion": "Is it polite?"}
    judge = definitions.create(project=project, name="J", kind=catalogue.OWN_WORDS, settings=settings, by=editor)
    without = money.estimate(plan=make_plan(3, evaluators=[version_of(project)]))

    found = money.estimate(plan=make_plan(0, revision=3, evaluators=[definitions.current_of(judge)]))

    assert (without.calls, found.calls) == (3, 6)
    assert found.expected.nano_usd > without.expected.nano_usd
