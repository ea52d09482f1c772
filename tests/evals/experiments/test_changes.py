"""People start, pause, stop, repeat and put away experiments; each change is allowed in some states only."""

from __future__ import annotations

import pytest

from evals import datasets
from evals.errors import (
    BlanksNeverFilled,
    CapMissing,
    CapTooLow,
    DatasetArchived,
    DatasetEmpty,
    EvaluatorsMissing,
    ExperimentNotOver,
    ExperimentNotPaused,
    ExperimentNotRunning,
    ExperimentOver,
    ExperimentTooLarge,
    NothingToRetry,
    ProviderNotConnected,
    RepetitionsNotUsable,
    VariantsMissing,
)
from evals.experiments import changes, plans
from evals.experiments.models import CellState, Experiment, ExperimentState
from projects.models import AuditEvent, Job
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.evals.experiments.conftest import run, states, variant, version_of
from tests.evals.factories import add
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def test_start_freezes_the_plan_and_asks_for_a_worker(make_plan, connection, editor, project):
    plan = make_plan(4, variants=[variant(connection), variant(connection, "B")], repetitions=2, note="Why not")

    experiment = changes.start(plan=plan, by=editor)

    assert (experiment.state, experiment.item_count, experiment.created_by) == (ExperimentState.RUNNING, 4, editor)
    assert experiment.cells.count() == 16
    assert set(states(experiment)) == {CellState.READY}
    assert [one["content"]["messages"][0]["content"] for one in experiment.variants] == ["A: {{question}}", "B"]
    assert experiment.estimated_nano_usd > 0
    assert [link.position for link in experiment.evaluators.all()] == [0]
    assert Job.objects.filter(kind=changes.RUN_KIND).exists()
    assert AuditEvent.objects.get(action="experiment.started").user == editor


def test_an_item_that_is_changed_later_stays_as_it_was(make_plan, editor, dataset):
    experiment = changes.start(plan=make_plan(1), by=editor)
    from evals import item_contents

    datasets.change_item(dataset=dataset, number=1, content=item_contents.checked(input={"question": "New"}), by=None)

    run()

    assert experiment.cells.get().output == "Answer to A: Q0"


def test_only_items_of_the_part_are_taken(make_plan, editor, dataset):
    add(dataset, "only this", split="test")

    experiment = changes.start(plan=make_plan(3, split="test"), by=editor)

    assert [cell.item.input["question"] for cell in experiment.cells.all()] == ["only this"]


def test_a_limit_takes_the_same_items_every_time(make_plan, editor):
    first = changes.start(plan=make_plan(9, limit=3), by=editor)
    second = changes.start(plan=make_plan(0, limit=3), by=editor)

    chosen = [set(one.cells.values_list("item_id", flat=True)) for one in (first, second)]
    assert len(chosen[0]) == 3
    assert chosen[0] == chosen[1]


def test_long_expected_answers_are_predicted_to_be_long(make_plan, editor, dataset):
    add(dataset, "short", expected_output="Yes.")
    add(dataset, "long", expected_output="word " * 2_000)

    experiment = changes.start(plan=make_plan(0, revision=2), by=editor)

    short, long = experiment.cells.order_by("predicted_tokens")
    assert long.item.input["question"] == "long"
    assert short.predicted_tokens < 10 < 2_000 < long.predicted_tokens


def test_what_cannot_run_is_refused_in_words(make_plan, connection, project, editor, dataset, monkeypatch):
    from dataclasses import replace

    with pytest.raises(DatasetEmpty):
        changes.start(plan=make_plan(0), by=editor)
    plan = make_plan(2)
    for change, error in [
        ({"variants": []}, VariantsMissing),
        ({"variants": [variant(connection)] * 7}, VariantsMissing),
        ({"evaluators": []}, EvaluatorsMissing),
        ({"repetitions": 11}, RepetitionsNotUsable),
        ({"split": "nothing here"}, DatasetEmpty),
        ({"cap_nano_usd": 0}, CapMissing),
        ({"variants": [variant(connection, connection_id=0)]}, ProviderNotConnected),
        ({"variants": [variant(connection, "Dear {{customer}}")]}, BlanksNeverFilled),
    ]:
        with pytest.raises(error):
            changes.start(plan=replace(plan, **change), by=editor)
    monkeypatch.setattr(changes, "MAX_CELLS", 1)
    with pytest.raises(ExperimentTooLarge):
        changes.start(plan=plan, by=editor)
    datasets.archive(dataset=dataset, by=None)
    dataset.refresh_from_db()
    with pytest.raises(DatasetArchived):
        changes.start(plan=plan, by=editor)
    assert not Experiment.objects.exists()
    assert plans.MAX_CELLS == 50_000


def test_a_blank_that_no_item_fills_is_named(make_plan, connection, editor):
    with pytest.raises(BlanksNeverFilled, match="«customer»"):
        changes.start(plan=make_plan(1, variants=[variant(connection, "Dear {{customer}}")]), by=editor)


def test_a_viewer_may_change_nothing(start, make_plan, project):
    viewer, experiment = make_member(project=project, role=Role.VIEWER), start(1)

    for act in (changes.pause, changes.resume, changes.cancel, changes.retry_failed, changes.archive, changes.restore):
        with pytest.raises(NotAllowed):
            act(experiment=experiment, by=viewer)
    with pytest.raises(NotAllowed):
        changes.start(plan=make_plan(0, revision=1), by=viewer)


def test_pausing_and_going_on(start, editor):
    experiment = start(1)
    with pytest.raises(ExperimentNotPaused):
        changes.resume(experiment=experiment, by=editor)

    paused = changes.pause(experiment=experiment, by=editor)

    assert (paused.state, paused.reason) == (ExperimentState.PAUSED, f"{editor.display_name} paused it.")
    with pytest.raises(ExperimentNotRunning):
        changes.pause(experiment=experiment, by=editor)
    run()
    assert states(experiment) == [CellState.READY]
    again = changes.resume(experiment=experiment, by=editor)
    assert (again.state, again.reason) == (ExperimentState.RUNNING, "")
    run()
    assert states(experiment) == [CellState.DONE]


@pytest.mark.parametrize("is_paused", [False, True], ids=["running", "paused"])
def test_stopping_for_good_skips_what_is_open(start, editor, is_paused):
    experiment = start(2)
    if is_paused:
        changes.pause(experiment=experiment, by=editor)

    changes.cancel(experiment=experiment, by=editor)

    experiment.refresh_from_db()
    assert (experiment.state, experiment.ended_at is not None) == (ExperimentState.CANCELLED, True)
    assert states(experiment) == [CellState.SKIPPED] * 2
    assert "stopped before" in experiment.cells.first().error
    for act in (changes.pause, changes.resume, changes.cancel, changes.retry_failed):
        with pytest.raises(ExperimentOver):
            act(experiment=experiment, by=editor)


def test_the_limit_can_only_be_raised(start, editor):
    experiment = start(1)

    with pytest.raises(CapTooLow):
        changes.raise_cap(experiment=experiment, cap_nano_usd=experiment.cap_nano_usd, by=editor)
    raised = changes.raise_cap(experiment=experiment, cap_nano_usd=experiment.cap_nano_usd + 1, by=editor)

    assert raised.cap_nano_usd == experiment.cap_nano_usd + 1
    assert AuditEvent.objects.get(action="experiment.cap_raised").details["before"] == experiment.cap_nano_usd


def test_only_what_failed_is_tried_again(start, provider, editor):
    provider.reply = lambda body: "400" if "Q1" in str(body) else "Answer"
    experiment = start(3)
    run()
    assert sorted(states(experiment)) == [CellState.DONE, CellState.DONE, CellState.FAILED]
    provider.reply = lambda body: "Answer"
    provider.requests.clear()

    count = changes.retry_failed(experiment=experiment, by=editor)
    run()

    experiment.refresh_from_db()
    assert (count, len(provider.requests)) == (1, 1)
    assert states(experiment) == [CellState.DONE] * 3
    assert experiment.state == ExperimentState.DONE
    with pytest.raises(NothingToRetry):
        changes.retry_failed(experiment=experiment, by=editor)


def test_an_experiment_that_is_over_can_be_put_away_and_brought_back(start, editor):
    experiment = start(1)
    with pytest.raises(ExperimentNotOver):
        changes.archive(experiment=experiment, by=editor)
    changes.cancel(experiment=experiment, by=editor)

    changes.archive(experiment=experiment, by=editor)

    assert not Experiment.objects.active().exists()
    changes.restore(experiment=experiment, by=editor)
    assert Experiment.objects.active().exists()


def test_evaluators_of_another_project_cannot_be_used(make_plan, editor):
    plan = make_plan(1, evaluators=[version_of(make_project())])

    with pytest.raises(EvaluatorsMissing, match="not of this project"):
        changes.start(plan=plan, by=editor)
