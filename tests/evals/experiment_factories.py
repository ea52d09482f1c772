"""Experiments as they are after their run, without running one; a test overrides only what it is about.

What became of each answer is a pattern, one sign for each item: `1` passed, `0` failed the check, `!` the check could not
judge, `x` no answer, `-` not run, `.` still waiting, or a number from 0 to 1. `_` is an answer that this check did not
look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from django.utils import timezone

from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments.models import (
    CellState,
    Experiment,
    ExperimentCell,
    ExperimentEvaluator,
    ExperimentScore,
    ExperimentState,
)
from evals.experiments.plans import VERSION, Variant
from evals.models import Dataset, DatasetItem
from projects.models import Project
from tests.evals.factories import fill, make_dataset
from tests.projects.factories import make_project

Sign = str | float
# By check, for each column one sign an item; with repetitions a column has so many signs an item, side by side.
Pattern = Mapping[str, Sequence[Sequence[Sign]]]
_numbers = count(1)
_STATES = {"x": CellState.FAILED, "-": CellState.SKIPPED, ".": CellState.READY}
_NOT_ANSWERED = {
    CellState.FAILED: {"error": "The provider did not answer in time.", "error_kind": "timeout"},
    CellState.SKIPPED: {"error": "The money limit was reached.", "error_kind": "cap"},
    CellState.READY: {},
}


def make_evaluator_version(
    project: Project, name: str = "", *, kind: str = "exact", **settings: Any
) -> EvaluatorVersion:
    evaluator = Evaluator.objects.create(project=project, name=name or f"Check {next(_numbers)}", version=1)
    return EvaluatorVersion.objects.create(
        project=project, evaluator=evaluator, number=1, kind=kind, settings=settings
    )  # fmt: skip


def make_variant(number: int = 1, **values: Any) -> Variant:
    message = {"role": "system", "content": f"Answer in way {number}: {{{{question}}}}"}
    defaults = {
        "kind": VERSION, "number": number, "is_live": number == 1, "content": {"type": "chat", "messages": [message]},
        "connection_id": 0, "connection_name": "Simulated", "model": "simulated-small", "is_simulated": True,
    }  # fmt: skip
    return Variant(**defaults | values)


def make_experiment(
    project: Project | None = None, *, dataset: Dataset | None = None, items: int = 4, variants: int | Sequence[Variant] = 2,
    evaluators: Sequence[str | EvaluatorVersion] = ("Correct",), **values: Any,
) -> Experiment:  # fmt: skip
    """Return an experiment about so many items, without a cell."""
    project = project or (dataset.project if dataset else make_project())
    if dataset is None:
        dataset = make_dataset(project)
        fill(dataset, items)
    columns = [make_variant(number) for number in range(1, variants + 1)] if isinstance(variants, int) else variants
    experiment = Experiment.objects.create(
        **{
            "project": project, "name": f"Test {next(_numbers)}", "dataset": dataset, "dataset_revision": dataset.revision,
            "variants": [variant.to_json() for variant in columns], "item_count": dataset.item_count,
            "state": ExperimentState.DONE, "ended_at": timezone.now(),
        } | values
    )  # fmt: skip
    for position, wanted in enumerate(evaluators):
        version = wanted if isinstance(wanted, EvaluatorVersion) else make_evaluator_version(project, wanted)
        ExperimentEvaluator.objects.create(
            project=project, experiment=experiment, evaluator_version=version, position=position
        )
    return experiment


def make_judged(scores: Pattern, project: Project | None = None, **values: Any) -> Experiment:
    """Return an experiment of which every answer has become what the patterns say; all answers cost and take the same.

    `make_judged({"Correct": ["1100", "1110"]})` has four items and two columns, and column 1 passes once more.
    """
    columns = len(next(iter(scores.values())))
    repetitions = values.get("repetitions", 1)
    items = len(next(iter(scores.values()))[0]) // repetitions
    experiment = make_experiment(project, **{"items": items, "variants": columns, "evaluators": list(scores)} | values)
    answer(experiment, {position: list(scores.values())[position] for position in range(len(scores))})
    return experiment


def answer(experiment: Experiment, scores: Mapping[int, Sequence[Sequence[Sign]]], **values: Any) -> None:
    """Make all cells of the experiment and their scores, by the position of the check."""
    versions = [entry.evaluator_version for entry in experiment.evaluators.order_by("position")]
    cells = ExperimentCell.objects.bulk_create(
        _cell(experiment, item, column, repetition, _signs(scores, column, place, repetition, experiment), values)
        for place, item in enumerate(items_of(experiment))
        for column in range(len(experiment.variants))
        for repetition in range(experiment.repetitions)
    )  # fmt: skip
    places = {item.pk: place for place, item in enumerate(items_of(experiment))}
    ExperimentScore.objects.bulk_create(
        score
        for position, rows in scores.items()
        for cell in cells
        if (score := _score(cell, versions[position], _sign(rows[cell.column], places[cell.item_id], cell.repetition, experiment)))
    )  # fmt: skip


def items_of(experiment: Experiment) -> list[DatasetItem]:
    return list(experiment.dataset.items.at(experiment.dataset_revision).by_number())


def _signs(
    scores: Mapping[int, Sequence[Sequence[Sign]]], column: int, place: int, repetition: int, experiment: Experiment
) -> list[Sign]:  # fmt: skip
    return [_sign(rows[column], place, repetition, experiment) for rows in scores.values()]


def _sign(row: Sequence[Sign], place: int, repetition: int, experiment: Experiment) -> Sign:
    return row[place * experiment.repetitions + repetition]


def _cell(
    experiment: Experiment, item: DatasetItem, column: int, repetition: int, signs: Sequence[Sign], values: dict[str, Any]
) -> ExperimentCell:  # fmt: skip
    state = next((_STATES[sign] for sign in signs if sign in _STATES), CellState.DONE)
    answered = {
        "output": f"Answer {column}.{repetition} to item {item.number}.", "latency_ms": 800.0, "input_tokens": 40,
        "output_tokens": 20, "cost_nano_usd": 50_000, "model": "simulated-small", "ended_at": timezone.now(),
    }  # fmt: skip
    became = answered | values if state == CellState.DONE else _NOT_ANSWERED[state]
    return ExperimentCell(
        project_id=experiment.project_id, experiment=experiment, item=item, column=column, repetition=repetition,
        state=state, **became,
    )  # fmt: skip


def _score(cell: ExperimentCell, version: EvaluatorVersion, sign: Sign) -> ExperimentScore | None:
    if cell.state != CellState.DONE or sign == "_":
        return None
    score = ExperimentScore(project_id=cell.project_id, cell=cell, evaluator_version=version)
    if sign == "!":
        score.error = "The judge did not answer in the form that was asked for."
        return score
    score.value = float(sign)
    score.passed = score.value >= 0.5
    score.why = "As expected." if score.passed else "Not as expected."
    return score
