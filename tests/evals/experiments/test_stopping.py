"""A comparison that was allowed to ends when the answer is clear; progress is counted from the rows."""

from __future__ import annotations

import pytest

from evals.experiments import progress, running, stopping
from evals.experiments.models import CellState, ExperimentScore, ExperimentState
from tests.evals.experiments.conftest import run, states, variant, version_of

pytestmark = pytest.mark.django_db


def two(connection):
    return [variant(connection), variant(connection, "B: {{question}}")]


def judge_all(experiment, *, passes, items: int) -> None:
    """Let the first items be answered and judged; `passes` says of a column and place whether it passes."""
    version = experiment.evaluators.get().evaluator_version
    ids = sorted(set(experiment.cells.values_list("item_id", flat=True)))[:items]
    cells = experiment.cells.filter(item__in=ids)
    ExperimentScore.objects.bulk_create(
        ExperimentScore(
            project_id=experiment.project_id, cell=cell, evaluator_version=version,
            passed=passes(cell.column, ids.index(cell.item_id)),
            value=float(passes(cell.column, ids.index(cell.item_id))),
        )
        for cell in cells
    )  # fmt: skip
    cells.update(state=CellState.DONE)


def test_a_clear_answer_ends_it_early_and_says_so(start, connection, monkeypatch, provider, project):
    monkeypatch.setattr(running, "_CHECK_SECONDS", 0.0)
    provider.reply = lambda body: "Answer" if "B:" in str(body) else "No idea"
    experiment = start(200, variants=two(connection), stops_early=True)

    run(at_once=8)

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert "clearly better" in experiment.reason
    skipped = experiment.cells.filter(state=CellState.SKIPPED)
    assert skipped.count() > 100
    assert "clear before" in skipped.first().error
    assert len(provider.requests) == 400 - skipped.count()


def test_without_the_wish_every_item_is_run(start, connection, monkeypatch, provider):
    monkeypatch.setattr(running, "_CHECK_SECONDS", 0.0)
    provider.reply = lambda body: "Answer" if "B:" in str(body) else "No idea"
    experiment = start(40, variants=two(connection))

    run()

    assert set(states(experiment)) == {CellState.DONE}


def test_a_close_race_goes_on(start, connection):
    experiment = start(30, variants=two(connection), stops_early=True)
    judge_all(experiment, passes=lambda column, place: place % 2 == column, items=29)

    assert not stopping.stop_if_clear(experiment)


def test_items_that_are_judged_in_one_column_only_do_not_count(start, connection):
    experiment = start(40, variants=two(connection), stops_early=True)
    judge_all(experiment, passes=lambda column, place: column == 1, items=40)
    experiment.cells.filter(column=0).update(state=CellState.ANSWERING)

    assert not stopping.stop_if_clear(experiment)


def test_items_of_one_source_count_once(start, connection, dataset):
    from tests.evals.factories import add

    for number in range(40):
        add(dataset, f"G{number}", metadata={"customer": "the same"})
    experiment = start(0, revision=40, variants=two(connection), stops_early=True, grouped_by="customer")
    judge_all(experiment, passes=lambda column, place: column == 1, items=40)

    assert not stopping.stop_if_clear(experiment)
    experiment.grouped_by = ""
    assert stopping.stop_if_clear(experiment)


def test_progress_counts_what_is_where(start, connection, editor):
    experiment = start(6)
    ids = list(experiment.cells.values_list("pk", flat=True))
    for pk, state in zip(ids, ["ready", "answering", "answered", "done", "failed", "skipped"], strict=True):
        experiment.cells.filter(pk=pk).update(state=state)

    found = progress.of(experiment)

    assert (found.total, found.waiting, found.running) == (6, 2, 1)
    assert (found.done, found.failed, found.skipped, found.over) == (1, 1, 1, 3)
    assert (found.share, found.seconds_left) == (0.5, None)


def test_progress_of_a_finished_experiment(start, project):
    experiment = start(3, evaluators=[version_of(project)])
    run()
    experiment.refresh_from_db()

    found = progress.of(experiment)

    assert (found.done, found.share, found.seconds_left, found.per_second) == (3, 1.0, 0.0, 0.0)
    assert found.spent_nano_usd == experiment.spent_nano_usd > 0
