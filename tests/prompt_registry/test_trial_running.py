"""Cells are answered many at once, each by one worker, and every call that may be billed has its row."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from projects import spending
from projects.models import Project, User
from projects.spending_models import Expense
from prompt_registry import trial_cells, trial_running, trials
from prompt_registry.models import Prompt, ProviderConnection
from prompt_registry.providers import clients, event_loop
from prompt_registry.trial_models import AttemptOutcome, CellState, Trial, TrialAttempt
from prompt_registry.trial_plans import TrialInput, Variant
from tests.prompt_registry.factories import chat
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    monkeypatch.setattr(trial_running, "WRITE_SECONDS", 0.05)
    with serving(FakeProvider(script=["stream"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider, project: Project) -> ProviderConnection:
    return ProviderConnection.objects.create(
        project=project, name="Fake", base_url=provider.url, default_model="fake-1"
    )


def make(prompt: Prompt, by: User, connection: ProviderConnection, *, rows: int = 2, **values) -> Trial:
    content = chat(("user", "{{question}}"))
    usual = {
        "kind": "version", "number": 1, "is_live": True, "content": content.to_json(), "connection_id": connection.pk,
        "connection_name": "Fake", "model": "gpt-5-mini", "is_simulated": False,
    }  # fmt: skip
    inputs = [TrialInput({"question": f"Question {row}"}) for row in range(rows)]
    trial = trials.create(prompt=prompt, inputs=inputs, variants=[Variant(**usual | values)], by=by)
    trials.ask(trial=trial, by=by)
    return trial


def run(claim_seconds: float = 30.0) -> bool:
    return trial_running.run(keep_job=lambda: None, claim_seconds=claim_seconds)


def states(trial: Trial) -> list[str]:
    return list(trial.cells.order_by("row").values_list("state", flat=True))


def test_all_cells_are_answered_with_time_tokens_and_cost(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=5)

    is_left = run()

    assert not is_left
    assert states(trial) == [CellState.DONE] * 5
    cell = trial.cells.first()
    assert (cell.text, cell.model, cell.input_tokens, cell.output_tokens) == ("Hello there.", "fake-1", 12, 3)
    assert cell.first_chunk_ms <= cell.latency_ms
    assert cell.cost_nano_usd > 0


def test_what_was_set_aside_is_settled_with_what_it_cost(prompt, editor, connection, project):
    trial = make(prompt, editor, connection, rows=3)

    run()

    today = spending.today(project=project, user=editor)
    assert today.person.reserved_nano_usd == today.project.reserved_nano_usd == 0
    assert today.person.spent_nano_usd == trials.spent_nano_usd(trial) > 0
    assert set(Expense.objects.values_list("settled_nano_usd", flat=True)) == {trial.cells.first().cost_nano_usd}


def test_one_failing_cell_does_not_stop_the_others(prompt, editor, connection, provider):
    provider.script = ["404_model", "stream"]
    trial = make(prompt, editor, connection, rows=4)

    run()

    assert sorted(states(trial)) == [CellState.DONE] * 3 + [CellState.FAILED]
    failed = trial.cells.get(state=CellState.FAILED)
    assert failed.error_kind == "ModelUnknown"
    assert "does not know this model" in failed.error
    assert "does not exist" in failed.detail


def test_a_broken_stream_keeps_what_had_arrived_and_counts_it(prompt, editor, connection, provider):
    provider.script = ["cut_sse"]
    trial = make(prompt, editor, connection, rows=1)

    run()

    cell = trial.cells.get()
    assert (cell.state, cell.text, cell.error_kind) == (CellState.FAILED, "Hello ", "MalformedAnswer")
    assert cell.cost_nano_usd > 0


def test_a_missing_key_is_said_and_costs_nothing(prompt, editor, connection, settings):
    connection.base_url = "https://203.0.113.7/v1"
    connection.save()
    trial = make(prompt, editor, connection, rows=1)

    run()

    cell = trial.cells.get()
    assert (cell.state, cell.error_kind, cell.cost_nano_usd) == (CellState.FAILED, "KeyMissing", 0)


def test_a_connection_that_was_removed_is_said(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=1)
    connection.delete()

    run()

    assert "no longer connected" in trial.cells.get().error


def test_calls_beyond_the_limit_are_not_made(prompt, editor, connection, provider, project):
    worst = trials.estimate(
        project_id=0,
        inputs=[TrialInput({"question": "Question 0"})],
        variants=[Variant.from_json(make(prompt, editor, connection, rows=1).variants[0])],
    ).worst.nano_usd  # fmt: skip
    run()
    provider.requests.clear()
    spent = spending.today(project=project, user=editor).person.spent_nano_usd
    spending.change_limits(
        project=project, project_nano_usd=spending.NANO, person_nano_usd=spent + worst * 2, by=editor
    )
    trial = make(prompt, editor, connection, rows=4)

    run()

    refused = trial.cells.filter(error_kind="SpendingLimitReached")
    assert refused.count() == 4 - len(provider.requests) >= 1
    assert "a day for you" in refused.first().error
    today = spending.today(project=project, user=editor).person
    assert today.spent_nano_usd <= today.limit_nano_usd


def test_simulated_answers_cost_nothing_and_set_nothing_aside(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=1, is_simulated=True)

    run()

    assert trial.cells.get().cost_nano_usd == 0
    assert not Expense.objects.exists()


def test_a_model_without_a_price_counts_as_the_dearest(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=1, model="our-own-model")

    run()

    cell = trial.cells.get()
    assert not cell.is_price_known
    # 12 tokens read at $15 and 3 written at $75 for a million.
    assert cell.cost_nano_usd == 12 * 15_000 + 3 * 75_000


def test_a_cell_that_is_stopped_is_hung_up_within_a_second_and_its_cost_is_counted(
    prompt, editor, connection, provider
):
    provider.script = ["stalled_stream"]
    trial = make(prompt, editor, connection, rows=2)
    took = []

    def stop_soon() -> None:
        # In the thread of the pump, between two looks: the test's rows are seen by its own connection alone.
        if trial.cells.filter(text="Hello ").count() == 2 and not took:
            trials.stop(trial=trial, by=editor)
            took.append(time.monotonic())

    stop_soon_at_each_look(stop_soon)
    try:
        run()
    finally:
        stop_soon_at_each_look(None)

    assert time.monotonic() - took[0] < 1.0
    assert states(trial) == [CellState.STOPPED] * 2
    assert set(trial.cells.values_list("text", flat=True)) == {"Hello "}
    assert set(TrialAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.STOPPED}
    assert all(cost > 0 for cost in TrialAttempt.objects.values_list("cost_nano_usd", flat=True))


_look = trial_running.Pump._look


def stop_soon_at_each_look(act) -> None:
    def look(self: trial_running.Pump) -> None:
        act()
        _look(self)

    trial_running.Pump._look = look if act else _look  # type: ignore[method-assign]


def test_cells_of_a_dead_worker_are_taken_over_and_its_calls_count(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=3)
    for cell in trial_cells.claim(limit=3):
        worst = trials.estimate(
            project_id=0,
            inputs=[TrialInput.from_json(trial.inputs[cell.row])],
            variants=[Variant.from_json(trial.variants[0])],
        ).worst
        trial_cells.open_attempt(project=trial.project, cell=cell, worst=worst)
    trial.cells.update(lease_until=timezone.now() - timedelta(seconds=1))

    run()

    assert states(trial) == [CellState.DONE] * 3
    outcomes = TrialAttempt.objects.filter(cell__trial=trial).order_by("started_at").values_list("outcome", flat=True)
    assert list(outcomes) == [AttemptOutcome.LOST] * 3 + [AttemptOutcome.ANSWERED] * 3
    lost = TrialAttempt.objects.filter(outcome=AttemptOutcome.LOST).first()
    assert lost.cost_nano_usd == lost.reserved_nano_usd > 0
    assert not Expense.objects.filter(settled_at=None).exists()


def test_a_worker_that_lost_its_cell_changes_nothing_any_more(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=1)
    (late,) = trial_cells.claim(limit=1)
    trial.cells.update(lease_until=timezone.now() - timedelta(seconds=1))
    run()

    trial_cells.write([(late, "a late text")])
    trial_cells.finish(
        cell=late,
        result=trial_cells.Result(
            state=CellState.FAILED, outcome=AttemptOutcome.FAILED, text="late", cost=trial_cells.Cost(0)
        ),
    )

    assert trial.cells.get().text == "Hello there."
    assert trial_cells.held([late]) == set()


def test_a_cell_that_kills_its_workers_is_given_up(prompt, editor, connection, provider):
    trial = make(prompt, editor, connection, rows=1)
    for _ in range(trial_cells.MAX_ATTEMPTS):
        trial_cells.claim(limit=1)
        trial.cells.update(lease_until=timezone.now() - timedelta(seconds=1))

    run()

    assert trial.cells.get().error_kind == "GaveUp"
    assert provider.requests == []


def test_no_more_calls_than_allowed_are_under_way_with_one_provider(prompt, editor, connection):
    make(prompt, editor, connection, rows=20)

    first = trial_cells.claim(limit=50)
    second = trial_cells.claim(limit=50)

    assert len(first) == trial_cells.PER_CONNECTION
    assert second == []


def test_trials_take_turns(prompt, editor, connection):
    many, few = make(prompt, editor, connection, rows=20), make(prompt, editor, connection, rows=2)

    claimed = trial_cells.claim(limit=4)

    assert sorted(cell.trial_id for cell in claimed) == sorted([many.pk] * 2 + [few.pk] * 2)


def test_partial_text_is_stored_while_the_answer_goes_on(prompt, editor, connection, provider):
    provider.script = ["slow_stream"]
    trial = make(prompt, editor, connection, rows=1)
    seen = []
    stop_soon_at_each_look(lambda: seen.append(trial.cells.get().text))
    try:
        run()
    finally:
        stop_soon_at_each_look(None)

    assert "Hello " in seen
    assert trial.cells.get().text == "Hello there."


def test_a_worker_that_is_told_to_end_gives_its_cells_back(prompt, editor, connection, provider):
    provider.script = ["stalled_stream"]
    trial = make(prompt, editor, connection, rows=1)

    def end() -> None:
        if TrialAttempt.objects.exists():
            raise TimeoutError

    stop_soon_at_each_look(end)
    try:
        with pytest.raises(TimeoutError):
            run()
    finally:
        stop_soon_at_each_look(None)

    assert states(trial) == [CellState.READY]
    assert TrialAttempt.objects.get().outcome == AttemptOutcome.LOST


def test_a_short_absence_of_the_database_costs_no_answer(prompt, editor, connection, provider, monkeypatch):
    provider.script = ["slow_stream"]
    trial = make(prompt, editor, connection, rows=2)
    failures = iter([OperationalError("gone"), OperationalError("gone")])

    def fail_twice() -> None:
        if (error := next(failures, None)) is not None:
            raise error

    stop_soon_at_each_look(fail_twice)
    try:
        run()
    finally:
        stop_soon_at_each_look(None)

    assert states(trial) == [CellState.DONE] * 2
    assert len(provider.requests) == 2


def test_a_trial_that_cannot_be_read_fails_alone(prompt, editor, connection):
    odd, fine = make(prompt, editor, connection, rows=1), make(prompt, editor, connection, rows=1)
    Trial.objects.filter(pk=odd.pk).update(variants=[{"unknown": 1}])

    run()

    assert (odd.cells.get().error_kind, fine.cells.get().state) == ("SomethingBroke", CellState.DONE)


def test_what_is_left_after_a_turn_is_said(prompt, editor, connection):
    trial = make(prompt, editor, connection, rows=2)

    assert run(claim_seconds=0)
    assert states(trial) == [CellState.READY] * 2


def test_text_that_the_database_cannot_hold_is_cleaned(prompt, editor, connection, provider, monkeypatch):
    from tests.prompt_registry.providers import fake_provider

    odd = fake_provider._chunk(delta={"content": "nul \x00 end"})
    monkeypatch.setitem(
        fake_provider.WHOLE,
        "odd",
        fake_provider.EVENTS + fake_provider.ROLE + odd + fake_provider.END + fake_provider.DONE,
    )
    provider.script = ["odd"]
    trial = make(prompt, editor, connection, rows=1)

    run()

    assert trial.cells.get().text == "nul  end"


# What may have to be paid for more than once


def test_every_try_that_may_be_billed_sets_aside_money_of_its_own(prompt, editor, connection, provider):
    provider.script = ["malformed_json", "html", "stream"]
    trial = make(prompt, editor, connection, rows=1)

    run()

    assert states(trial) == [CellState.DONE]
    assert len(provider.requests) == 3
    tries = TrialAttempt.objects.order_by("pk")
    assert [one.outcome for one in tries] == [AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.ANSWERED]
    assert len({one.expense_id for one in tries}) == 3
    assert all(one.cost_nano_usd > 0 for one in tries)
    assert trials.spent_nano_usd(trial) == sum(one.cost_nano_usd for one in tries)
    assert not Expense.objects.filter(settled_at=None).exists()


def test_after_three_tries_that_may_be_billed_the_cell_says_what_went_wrong(prompt, editor, connection, provider):
    provider.script = ["malformed_json"]
    trial = make(prompt, editor, connection, rows=1)

    run()

    cell = trial.cells.get()
    assert (cell.state, cell.error_kind, len(provider.requests)) == (CellState.FAILED, "MalformedAnswer", 3)
    assert TrialAttempt.objects.count() == 3


def test_no_try_is_paid_for_beyond_the_limit(prompt, editor, connection, provider, project):
    provider.script = ["malformed_json"]
    trial = make(prompt, editor, connection, rows=1)
    worst = trials.estimate(
        project_id=0,
        inputs=[TrialInput.from_json(trial.inputs[0])],
        variants=[Variant.from_json(trial.variants[0])],
    ).worst.nano_usd
    spending.change_limits(project=project, project_nano_usd=spending.NANO, person_nano_usd=worst, by=editor)

    run()

    assert len(provider.requests) == 1
    assert trial.cells.get().error_kind == "SpendingLimitReached"
    today = spending.today(project=project, user=editor).person
    assert today.spent_nano_usd + today.reserved_nano_usd <= today.limit_nano_usd


def test_what_is_never_billed_is_tried_again_for_the_same_money(prompt, editor, connection, provider):
    provider.script = ["500", "stream"]
    trial = make(prompt, editor, connection, rows=1)

    run()

    assert states(trial) == [CellState.DONE]
    assert len(provider.requests) == 2
    assert TrialAttempt.objects.count() == Expense.objects.count() == 1
