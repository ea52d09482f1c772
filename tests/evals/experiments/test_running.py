"""Experiments run to their end: every cell is answered once, judged, paid for and accounted for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from evals.experiments import attempts, cells, changes, ending, running
from evals.experiments.models import AttemptOutcome, CellState, Experiment, ExperimentAttempt, ExperimentState, Purpose
from evals.experiments.plans import Sampling
from projects import spending, webhook_texts, webhooks
from projects.models import Notification, WebhookDelivery
from projects.spending_models import Expense
from tests.evals.experiments.conftest import run, states, variant, version_of
from tests.evals.factories import add

pytestmark = pytest.mark.django_db


def test_every_cell_is_answered_and_judged(start, connection, provider):
    experiment = start(3, variants=[variant(connection), variant(connection, "B: {{question}}")])

    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert experiment.ended_at is not None
    assert states(experiment) == [CellState.DONE] * 6
    cell = experiment.cells.get(column=1, item__input={"question": "Q1"})
    assert (cell.output, cell.model) == ("Answer to B: Q1", "fake-1")
    assert (cell.input_tokens, cell.output_tokens, cell.finish_reason) == (100, 50, "stop")
    assert cell.latency_ms > 0
    assert cell.cost_nano_usd > 0
    assert cell.ended_at is not None
    score = cell.scores.get()
    assert (score.value, score.passed, score.error) == (1.0, True, "")
    assert set(provider.asked.values()) == {1}


def test_what_was_set_aside_is_settled_with_what_it_cost(start, project, editor):
    experiment = start(4)

    run()

    experiment.refresh_from_db()
    today = spending.today(project=project, user=editor)
    assert experiment.reserved_nano_usd == today.project.reserved_nano_usd == today.person.reserved_nano_usd == 0
    each = experiment.cells.first().cost_nano_usd
    assert experiment.spent_nano_usd == today.project.spent_nano_usd == today.person.spent_nano_usd == 4 * each
    assert list(Expense.objects.values_list("settled_nano_usd", flat=True)) == [each] * 4
    assert set(ExperimentAttempt.objects.values_list("outcome", "cost_nano_usd")) == {(AttemptOutcome.ANSWERED, each)}


def test_whoever_started_it_is_told_when_it_is_done(start, editor):
    start(1)

    run()

    told = Notification.objects.get(user=editor)
    assert told.kind == "experiment:finished"
    assert "«Test» is done" in told.sentence


def test_webhooks_hear_of_the_end(start, project, editor):
    webhooks.create(project=project, name="bot", url="https://8.8.8.8/", events=["experiment:finished"], by=editor)
    experiment = start(2)

    run()

    event = WebhookDelivery.objects.get().payload
    assert event["type"] == "experiment:finished"
    assert (event["data"]["experiment"], event["data"]["items"]) == ("Test", 2)
    assert event["data"]["url"].endswith(f"/experiments/{experiment.pk}/")
    assert event["data"]["spent_usd"] > 0
    assert "The test «Test» is done." in webhook_texts.line(event)


def test_a_failure_of_the_provider_is_tried_again_with_a_new_attempt(start, provider):
    answers = iter(["500", "429", "malformed_json", "Answer at last"])
    provider.reply = lambda body: next(answers)
    experiment = start(1)

    run()

    cell = experiment.cells.get()
    assert (cell.state, cell.output, cell.error) == (CellState.DONE, "Answer at last", "")
    outcomes = list(ExperimentAttempt.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == [AttemptOutcome.FAILED] * 3 + [AttemptOutcome.ANSWERED]


def test_a_cell_that_fails_again_and_again_ends_with_the_reason(start, provider, monkeypatch):
    provider.reply = lambda body: "500" if "Q0" in str(body) else "Answer"
    experiment = start(40)

    run()

    failed = experiment.cells.get(state=CellState.FAILED)
    assert failed.error_kind == "ProviderFailed"
    assert "internal error" in failed.error
    assert provider.asked["A: Q0"] == cells.MAX_ATTEMPTS
    assert experiment.cells.filter(state=CellState.DONE).count() == 39


@pytest.mark.parametrize(
    ("mode", "kind"), [("400", "RequestRefused"), ("404_model", "ModelUnknown"), ("401", "KeyRefused"), ("quota", "QuotaUsedUp")]
)  # fmt: skip
def test_what_the_provider_refuses_is_a_result_and_never_asked_twice(start, provider, mode, kind):
    provider.reply = lambda body: mode
    experiment = start(2)

    run()

    assert list(experiment.cells.values_list("state", "error_kind")) == [(CellState.FAILED, kind)] * 2
    assert set(provider.asked.values()) == {1}
    experiment.refresh_from_db()
    assert (experiment.state, experiment.spent_nano_usd, experiment.reserved_nano_usd) == (ExperimentState.DONE, 0, 0)


def test_a_refused_key_is_not_tried_with_every_cell(start, provider):
    provider.reply = lambda body: "401"
    experiment = start(40)

    run(at_once=4)

    assert states(experiment) == [CellState.FAILED] * 40
    assert len(provider.requests) <= 10


def test_an_answer_that_was_filtered_fails_with_the_reason(start, provider, monkeypatch):
    from tests.evals.experiments import provider as module

    filtered = [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}]
    whole = module.answer("", choices=filtered)
    monkeypatch.setattr(module, "answer", lambda text: whole)
    experiment = start(1)

    run()

    cell = experiment.cells.get()
    assert (cell.state, cell.error_kind) == (CellState.FAILED, "Filtered")
    assert "content filter" in cell.error


def test_a_connection_that_was_removed_is_said(start, connection):
    experiment = start(1)
    connection.delete()

    run()

    assert "no longer connected" in experiment.cells.get().error


def test_an_item_without_a_value_for_a_blank_fails_alone(start, dataset):
    add(dataset, input={"other": "x"})
    experiment = start(2)

    run()

    assert sorted(states(experiment)) == [CellState.DONE, CellState.DONE, CellState.FAILED]
    assert "«question»" in experiment.cells.get(state=CellState.FAILED).error


def test_an_evaluator_that_breaks_is_an_error_and_no_score(start, project, dataset):
    experiment = start(1, evaluators=[version_of(project, "exact"), version_of(project)])

    run()

    first, second = experiment.cells.get().scores.order_by("evaluator_version_id")
    assert first.value is None
    assert "no expected output" in first.error
    assert second.value == 1.0


def test_an_evaluator_that_cannot_be_built_says_why_on_every_cell(start, project):
    experiment = start(2, evaluators=[version_of(project, "no such kind")])

    run()

    assert states(experiment) == [CellState.DONE] * 2
    assert all("no check of this kind" in cell.scores.get().error for cell in experiment.cells.all())


def test_the_cells_of_a_dead_worker_are_taken_over_and_its_calls_count(start, project, editor):
    experiment = start(2)
    held = cells.claim(experiment_id=experiment.pk, limit=2, to_judge=False)
    wanted = [attempts.Wanted(cell.id, cell.token, Purpose.ANSWER, 0, 7_000) for cell in held]
    attempts.open_calls(experiment_id=experiment.pk, wanted=wanted)
    experiment.cells.update(lease_until=timezone.now() - timedelta(seconds=1))

    run()

    outcomes = list(ExperimentAttempt.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == [AttemptOutcome.LOST] * 2 + [AttemptOutcome.ANSWERED] * 2
    experiment.refresh_from_db()
    each = experiment.cells.first().cost_nano_usd
    assert experiment.spent_nano_usd == 2 * 7_000 + 2 * each
    assert spending.today(project=project, user=editor).person.spent_nano_usd == experiment.spent_nano_usd
    assert not Expense.objects.filter(settled_at=None).exists()


def test_a_worker_that_lost_its_cell_changes_nothing_any_more(start):
    experiment = start(1)
    (late,) = cells.claim(experiment_id=experiment.pk, limit=1, to_judge=False)
    experiment.cells.update(lease_until=timezone.now() - timedelta(seconds=1))
    run()

    stored = cells.let_go([cells.Left(late.id, late.token, CellState.FAILED, error="late")])

    assert stored == set()
    assert cells.held([late]) == set()
    assert experiment.cells.get().state == CellState.DONE


def test_a_cell_that_kills_its_workers_is_given_up(start, provider):
    experiment = start(1)
    for _ in range(cells.MAX_ATTEMPTS):
        assert cells.claim(experiment_id=experiment.pk, limit=1, to_judge=False)
        experiment.cells.update(lease_until=timezone.now() - timedelta(seconds=1))

    run()

    assert experiment.cells.get().error_kind == "GaveUp"
    assert provider.requests == []


def test_variants_of_an_item_are_taken_together_and_long_answers_first(start, connection):
    experiment = start(6, variants=[variant(connection), variant(connection, "B: {{question}}")])
    longest = experiment.cells.order_by("-item_id").first().item_id
    experiment.cells.filter(item=longest).update(predicted_tokens=900)

    held = cells.claim(experiment_id=experiment.pk, limit=4, to_judge=False)

    assert [(cell.item_id == longest, cell.column) for cell in held] == [(True, 0), (True, 1), (False, 0), (False, 1)]
    assert held[2].item_id == held[3].item_id


def test_as_many_calls_as_allowed_are_under_way_and_no_more(start, provider):
    provider.seconds = 0.2
    start(24)

    run(at_once=6)

    assert provider.most_under_way == 6


def test_experiments_take_turns(start, provider, dataset):
    many = start(30)
    few = start(0, revision=1)
    provider.seconds = 0.1
    order = []
    provider.reply = lambda body: order.append(body) or "Answer"

    run(at_once=4)

    few.refresh_from_db()
    many.refresh_from_db()
    assert few.ended_at < many.ended_at


def test_a_pump_whose_time_is_over_hands_the_rest_over(start):
    experiment = start(3)

    said = run(claim_seconds=0)

    assert said == ["handed over"]
    assert states(experiment) == [CellState.READY] * 3


def test_a_worker_that_is_stopped_takes_nothing_more_and_ends_what_it_has(start, provider):
    provider.seconds = 0.3
    experiment = start(30)
    looks = iter(range(1000))

    said = run(at_once=4, is_draining=lambda: next(looks) > 8)

    assert said == ["handed over"]
    assert set(states(experiment)) == {CellState.READY, CellState.DONE}
    assert set(ExperimentAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.ANSWERED}


def test_a_worker_that_is_ended_gives_its_cells_back(start, provider):
    provider.reply = lambda body: "stall"
    experiment = start(2)

    def end() -> bool:
        if len(provider.requests) == 2:
            raise TimeoutError
        return False

    with pytest.raises(TimeoutError):
        run(is_draining=end)

    assert states(experiment) == [CellState.READY] * 2
    experiment.refresh_from_db()
    assert set(ExperimentAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.LOST}
    assert experiment.reserved_nano_usd == 0 < experiment.spent_nano_usd


def test_a_short_absence_of_the_database_costs_no_answer(start, provider, monkeypatch):
    provider.seconds = 0.2
    experiment = start(3)
    failures = iter([OperationalError("gone")] * 3)
    look = running.Pump._look

    def failing(self):
        if self._calls and (error := next(failures, None)) is not None:
            raise error
        look(self)

    monkeypatch.setattr(running.Pump, "_look", failing)

    run()

    assert states(experiment) == [CellState.DONE] * 3
    assert len(provider.requests) == 3


def test_best_of_several_keeps_the_answer_that_agrees_most(start, connection, provider):
    answers = iter(["red green blue", "red green answer", "completely other words here"])
    provider.reply = lambda body: next(answers)
    experiment = start(1, variants=[variant(connection, sampling=Sampling.BEST_OF, samples=3)])

    run()

    cell = experiment.cells.get()
    assert cell.output in {"red green blue", "red green answer"}
    assert (cell.input_tokens, cell.output_tokens) == (300, 150)
    assert sorted(ExperimentAttempt.objects.values_list("step", flat=True)) == [0, 1, 2]


def test_self_critique_keeps_the_improved_answer(start, connection, provider):
    def reply(body):
        return {1: "First answer", 3: "Too short", 5: "Better answer"}[len(body["messages"])]

    provider.reply = reply
    experiment = start(1, variants=[variant(connection, sampling=Sampling.SELF_CRITIQUE)])

    run()

    assert experiment.cells.get().output == "Better answer"
    roles = [message["role"] for message in provider.requests[-1][2]["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


def test_text_that_the_database_cannot_hold_is_cleaned(start, provider):
    provider.reply = lambda body: "nul \x00 answer"
    experiment = start(1)

    run()

    assert experiment.cells.get().output == "nul  answer"


def test_a_cancelled_experiment_hangs_up_and_counts_what_was_on_its_way(start, provider, editor):
    provider.reply = lambda body: "stall"
    experiment = start(3)
    done = []

    def cancel_once() -> bool:
        if len(provider.requests) == 3 and not done:
            done.append(changes.cancel(experiment=experiment, by=editor))
        return False

    run(is_draining=cancel_once)

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.CANCELLED
    assert states(experiment) == [CellState.SKIPPED] * 3
    assert set(ExperimentAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.STOPPED}
    assert experiment.reserved_nano_usd == 0 < experiment.spent_nano_usd


def test_a_paused_experiment_keeps_what_arrives_and_begins_nothing(start, provider, editor):
    provider.seconds = 0.2
    experiment = start(20)
    done = []

    def pause_once() -> bool:
        if provider.requests and not done:
            done.append(changes.pause(experiment=experiment, by=editor))
        return False

    run(at_once=4, is_draining=pause_once)

    assert set(states(experiment)) == {CellState.READY, CellState.DONE}
    assert len(provider.requests) < 20
    changes.resume(experiment=experiment, by=editor)
    run()
    assert states(experiment) == [CellState.DONE] * 20
    assert set(provider.asked.values()) == {1}


def test_without_redis_an_experiment_goes_on(start, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    experiment = start(3)

    run()

    assert states(experiment) == [CellState.DONE] * 3


def test_a_provider_that_wants_to_be_left_alone_is_not_asked_before(start, provider):
    provider.reply = lambda body: "429_long"
    experiment = start(3)

    run(claim_seconds=2.0)

    assert set(states(experiment)) == {CellState.READY}
    first = experiment.cells.order_by("-attempts").first()
    assert first.error_kind == "RateLimited"
    assert first.run_at > timezone.now() + timedelta(minutes=8)
    assert len(provider.requests) <= 3


def test_a_provider_that_is_down_for_minutes_pauses_the_experiment(start, provider):
    experiment = start(1)
    (cell,) = cells.claim(experiment_id=experiment.pk, limit=1, to_judge=False)
    long_ago = timezone.now() - timedelta(minutes=6)
    ExperimentAttempt.objects.bulk_create(
        ExperimentAttempt(
            project_id=experiment.project_id, cell_id=cell.id, lease_token=cell.token, step=step, ended_at=long_ago,
            outcome=AttemptOutcome.FAILED,
        )
        for step in range(20)
    )  # fmt: skip

    assert ending.pause_if_provider_is_down(experiment_id=experiment.pk)

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.PAUSED
    assert "did not answer for minutes" in experiment.reason


def test_an_experiment_that_cannot_be_read_waits_alone(start):
    odd, fine = start(1), start(0)
    Experiment.objects.filter(pk=odd.pk).update(variants=[{"unknown": 1}])

    run()

    odd.refresh_from_db()
    fine.refresh_from_db()
    assert (odd.state, fine.state) == (ExperimentState.PAUSED, ExperimentState.DONE)
    assert "Something went wrong" in odd.reason
