"""What goes wrong around experiments costs nothing twice and stops nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.experiments import answer_cache, attempts, cells, changes, frozen, judging, results
from evals.experiments.attempts import Wanted
from evals.experiments.batches import Batch
from evals.experiments.models import (
    AttemptOutcome,
    CachedAnswer,
    CellState,
    Experiment,
    ExperimentAttempt,
    ExperimentScore,
    ExperimentState,
    Purpose,
)
from evals.experiments.preparing import SomethingBroke
from evals.experiments.running import Pump, Surroundings
from evals.experiments.sampling import Said
from projects import spending, spending_batches
from projects.models import Job
from projects.spending_models import Expense
from tests.evals.experiments.conftest import states
from workers import experiment_jobs

pytestmark = pytest.mark.django_db


def wanted_of(experiment, *, worst: int = 100) -> list[Wanted]:
    held = cells.claim(experiment_id=experiment.pk, limit=10, to_judge=False)
    return [Wanted(cell.id, cell.token, Purpose.ANSWER, 0, worst) for cell in held]


def test_calls_that_were_written_down_already_are_not_paid_for_again(start):
    experiment = start(2)
    wanted = wanted_of(experiment)
    first = attempts.open_calls(experiment_id=experiment.pk, wanted=wanted)

    again = attempts.open_calls(experiment_id=experiment.pk, wanted=wanted[::-1])

    assert again.attempt_ids == first.attempt_ids[::-1]
    experiment.refresh_from_db()
    assert experiment.reserved_nano_usd == 200
    assert Expense.objects.count() == 2


def test_what_a_worker_died_over_is_taken_up_after_everything_else(start):
    experiment = start(4)
    died_over = {cell.id for cell in cells.claim(experiment_id=experiment.pk, limit=2, to_judge=False)}
    experiment.cells.filter(pk__in=died_over).update(lease_until=timezone.now() - timedelta(seconds=1))

    taken = [cells.claim(experiment_id=experiment.pk, limit=1, to_judge=False)[0].id for _ in range(4)]

    assert set(taken[2:]) == died_over


def test_money_is_missing_for_good_only_when_no_call_under_way_gives_some_back(start):
    experiment = start(2)
    first, second = wanted_of(experiment, worst=experiment.cap_nano_usd // 10)
    Experiment.objects.filter(pk=experiment.pk).update(cap_nano_usd=first.worst_nano_usd)
    attempts.open_calls(experiment_id=experiment.pk, wanted=[first])

    assert not attempts.open_calls(experiment_id=experiment.pk, wanted=[second]).is_final

    ExperimentAttempt.objects.update(outcome=AttemptOutcome.STOPPED)
    assert attempts.open_calls(experiment_id=experiment.pk, wanted=[second]).is_final


def test_an_experiment_that_was_removed_opens_no_calls(start):
    wanted = wanted_of(start(1))

    opened = attempts.open_calls(experiment_id=0, wanted=wanted)

    assert (opened.attempt_ids, opened.is_final) == ([None], False)


def test_news_of_an_experiment_that_was_removed_is_dropped(project):
    batch = Batch(0, 0, cached={b"key": Said("Answer")})

    assert not batch.store()
    assert not CachedAnswer.objects.exists()


def test_the_job_of_the_workers_outlives_every_project(start):
    start(1)

    assert set(Job.objects.filter(kind=changes.RUN_KIND).values_list("project", flat=True)) == {None}


def test_one_batch_that_cannot_be_stored_at_the_end_leaves_the_others(monkeypatch):
    pump = Pump(surroundings=Surroundings(keep_job=lambda: None, hand_over=lambda: None))
    stored = []

    def store(batch):
        if batch.experiment_id == 1:
            raise RuntimeError("odd")
        stored.append(batch.experiment_id)

    monkeypatch.setattr(Batch, "store", store)
    pump._batches = {1: Batch(1, 1), 2: Batch(2, 1)}

    pump._hang_up()

    assert stored == [2]


def test_answers_that_arrived_are_kept_when_the_worker_ends(start, provider):
    experiment = start(1)
    pump = Pump(surroundings=Surroundings(keep_job=lambda: None, hand_over=lambda: None))
    pump._turn()
    (call,) = [asked.call for asked in pump._calls.values()]
    call._future.result(timeout=20)
    while not pump._lines._ended:
        pump._changed.wait(0.05)

    pump._hang_up()

    assert states(experiment) == [CellState.DONE]
    assert ExperimentAttempt.objects.get().outcome == AttemptOutcome.ANSWERED


def test_the_sweep_settles_what_a_dead_worker_left_behind(start, editor):
    experiment = start(1)
    attempts.open_calls(experiment_id=experiment.pk, wanted=wanted_of(experiment))
    changes.cancel(experiment=experiment, by=editor)
    ExperimentAttempt.objects.update(started_at=timezone.now() - timedelta(minutes=11))

    experiment_jobs.ensure()

    experiment.refresh_from_db()
    assert (experiment.reserved_nano_usd, experiment.spent_nano_usd) == (0, 100)


def test_the_sweep_ends_an_experiment_whose_worker_could_not_say_so(start):
    experiment = start(1)
    experiment.cells.update(state=CellState.DONE)

    experiment_jobs.ensure()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE


def test_money_that_was_set_aside_long_ago_counts_as_spent(project, editor):
    old = spending.reserve(project=project, amount_nano_usd=70, purpose="judge", by=editor)
    spending.reserve(project=project, amount_nano_usd=5, purpose="judge", by=editor)
    Expense.objects.filter(pk=old).update(created_at=timezone.now() - timedelta(hours=2))

    assert spending_batches.settle_forgotten() == 1

    today = spending.today(project=project, user=editor)
    assert (today.project.spent_nano_usd, today.project.reserved_nano_usd) == (70, 5)
    assert (today.person.spent_nano_usd, today.person.reserved_nano_usd) == (70, 5)


def test_answers_that_wait_to_be_judged_stay_when_somebody_stops(start, editor):
    experiment = start(3)
    first, second, _ = experiment.cells.order_by("pk")
    experiment.cells.filter(pk=first.pk).update(state=CellState.ANSWERED)
    experiment.cells.filter(pk=second.pk).update(state=CellState.JUDGING)

    changes.cancel(experiment=experiment, by=editor)

    assert states(experiment) == [CellState.DONE, CellState.DONE, CellState.SKIPPED]
    assert "before this answer was judged" in experiment.cells.get(pk=first.pk).error


def test_why_items_were_left_out_is_still_said_after_another_try(start, editor):
    experiment = start(2)
    first, second = experiment.cells.order_by("pk")
    experiment.cells.filter(pk=first.pk).update(state=CellState.FAILED)
    experiment.cells.filter(pk=second.pk).update(state=CellState.SKIPPED)
    Experiment.objects.filter(pk=experiment.pk).update(state=ExperimentState.DONE, reason="It ended early.")

    changes.retry_failed(experiment=experiment, by=editor)

    experiment.refresh_from_db()
    assert (experiment.state, experiment.reason) == (ExperimentState.RUNNING, "It ended early.")


def test_a_judgement_that_breaks_before_it_is_asked_is_an_error_to_try_again(start, monkeypatch, editor):
    experiment = start(1)
    experiment.cells.update(state=CellState.ANSWERED)
    (held,) = cells.claim(experiment_id=experiment.pk, limit=1, to_judge=True)
    monkeypatch.setattr(judging, "needs_second_look", lambda judges, column: True)
    batch = Batch(experiment.pk, experiment.project_id)

    results.refuse(batch, held, SomethingBroke(), frozen.load(experiment.pk))
    batch.store()

    score = ExperimentScore.objects.get()
    assert (score.value, score.detail["retry"]) == (None, True)
    assert changes.retry_failed(experiment=experiment, by=editor) == 1


@pytest.mark.parametrize("said", [Said(" "), Said("An answ", finish_reason="length")], ids=["empty", "cut off"])
def test_an_answer_that_is_not_whole_is_asked_again_next_time(project, said):
    answer_cache.keep(project_id=project.pk, answers={b"1": said, b"2": Said("Whole", finish_reason="stop")})

    assert set(answer_cache.find(project_id=project.pk, keys=[b"1", b"2"])) == {b"2"}
