"""Experiments whose answers an application makes: it brings them in any order, and a result that came before changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from evals.errors import (
    CapMissing,
    DatasetArchived,
    DatasetEmpty,
    ExperimentOver,
    ExperimentTooLarge,
    LabelsNotUsable,
    RepetitionsNotUsable,
    ResultsNotUsable,
    RunsHere,
)
from evals.evaluators import from_code
from evals.evaluators.models import EvaluatorVersion
from evals.experiments import cells, changes, choices, ending, judging, predictions
from evals.experiments.models import (
    CellState,
    Experiment,
    ExperimentCell,
    ExperimentEvaluator,
    ExperimentScore,
    ExperimentState,
    RunsIn,
)
from evals.experiments.plans import MAX_CELLS, MAX_REPETITIONS, MAX_VARIANTS, ExperimentPlan, Variant
from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.permissions import demand

CODE = "code"
LONGEST_LABEL = 60
_NOT_SENT = "The application finished without a result for this."


@dataclass(frozen=True, slots=True)
class CodeScore:
    """What a function of the application said about an answer: a value from 0 to 1, or an error."""

    evaluator: str
    content_hash: str
    value: float | None = None
    passed: bool | None = None
    why: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One answer of the application, or why there is none."""

    item: int
    column: str
    repetition: int = 0
    output: str = ""
    error: str = ""
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    trace_id: uuid.UUID | None = None
    model: str = ""
    scores: Sequence[CodeScore] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """How many results, or scores, are new, and how many were there already."""

    accepted: int
    repeated: int


def variant(label: str) -> Variant:
    """Return a column that an application answers."""
    return Variant(
        kind=CODE, number=0, is_live=False, content={}, connection_id=0, connection_name="", model="",
        is_simulated=False, label=label,
    )  # fmt: skip


@transaction.atomic
def begin(*, plan: ExperimentPlan, by: User | None) -> Experiment:
    """Lay out one cell for each item, column and repetition, for the application to answer."""
    project = plan.dataset.project
    judges = judging.ready(plan.evaluators)
    # Only judges spend money here, and that is for a person to allow.
    if by is not None or any(judge.asks_model for judge in judges):
        demand(project=project, action=Action.RUN_MODELS, by=by)
    if any(judge.asks_model for judge in judges) and plan.cap_nano_usd <= 0:
        raise CapMissing
    item_count = _check(plan)
    experiment = Experiment.objects.create(
        project=project, name=(texts.clean(plan.name).strip() or plan.dataset.name)[:200], note=plan.note[:500],
        dataset=plan.dataset, dataset_revision=plan.revision, split=plan.split, repetitions=plan.repetitions,
        variants=[one.to_json() for one in plan.variants], grouped_by=plan.grouped_by[:120], runs_in=RunsIn.CODE,
        item_count=item_count, cap_nano_usd=plan.cap_nano_usd, created_by=by,
    )  # fmt: skip
    for version in plan.evaluators:
        _link(experiment, version)
    cells.lay_out(experiment, predicted=predictions.of_items(choices.items_of(plan), models=[]))
    audit.record(
        action="experiment.started",
        subject=experiment.name,
        by=by,
        project=project,
        experiment=experiment.pk,
        runs_in=CODE,
    )
    return experiment


@transaction.atomic
def store(*, experiment: Experiment, results: Sequence[Result]) -> Stored:
    """Store results that are new, and judge them; all are stored, or none."""
    locked = _locked(experiment)
    found = _cells_of(locked, [(one.item, one.column, one.repetition) for one in results])
    fresh: dict[int, tuple[ExperimentCell, Result]] = {}
    for cell, result in zip(found, results, strict=True):
        if cell.state == CellState.READY:
            fresh.setdefault(cell.pk, (cell, result))
    if fresh and locked.is_over:
        raise ExperimentOver
    versions: dict[tuple[str, str], EvaluatorVersion] = {}
    for cell, result in fresh.values():
        _fill(cell, result)
        _keep_scores(locked, cell, result.scores, versions)
    _go_on(locked, [cell for cell, _ in fresh.values() if cell.state == CellState.ANSWERED])
    return Stored(len(fresh), len(results) - len(fresh))


@transaction.atomic
def score(*, experiment: Experiment, scores: Sequence[tuple[tuple[int, str, int], CodeScore]]) -> Stored:
    """Store what functions of the application said about answers, by item, column and repetition; also afterwards."""
    locked = _locked(experiment)
    if locked.state == ExperimentState.CANCELLED:
        raise ExperimentOver
    found = _cells_of(locked, [place for place, _ in scores])
    problems = [
        (number, "There is no answer to judge yet.")
        for number, cell in enumerate(found)
        if cell.state not in (CellState.ANSWERED, CellState.JUDGING, CellState.DONE)
    ]
    if problems:
        raise ResultsNotUsable(problems)
    versions: dict[tuple[str, str], EvaluatorVersion] = {}
    pairs = zip(found, scores, strict=True)
    accepted = sum(_keep_scores(locked, cell, [one], versions) for cell, (_, one) in pairs)
    return Stored(accepted, len(scores) - accepted)


@transaction.atomic
def finish(*, experiment: Experiment) -> Experiment:
    """Say that no more results come: it ends as soon as the judges are through. A second time changes nothing."""
    locked = _locked(experiment)
    if not locked.is_over:
        left = locked.cells.filter(state=CellState.READY)
        left.update(state=CellState.SKIPPED, error=_NOT_SENT, ended_at=timezone.now())
        ending.end_if_over(experiment_id=locked.pk)
        locked.refresh_from_db()
    return locked


def _check(plan: ExperimentPlan) -> int:
    labels = [one.label for one in plan.variants]
    are_usable = all(label.strip() and len(label) <= LONGEST_LABEL for label in labels)
    if not 1 <= len(labels) <= MAX_VARIANTS or len(set(labels)) != len(labels) or not are_usable:
        raise LabelsNotUsable
    if plan.dataset.archived_at:
        raise DatasetArchived
    if not 1 <= plan.repetitions <= MAX_REPETITIONS:
        raise RepetitionsNotUsable
    count = choices.items_of(plan).count()
    if not count:
        raise DatasetEmpty
    if count * len(labels) * plan.repetitions > MAX_CELLS:
        raise ExperimentTooLarge
    return count


def _locked(experiment: Experiment) -> Experiment:
    locked = Experiment.objects.select_for_update(of=("self",)).select_related("project").get(pk=experiment.pk)
    if locked.runs_in != RunsIn.CODE:
        raise RunsHere
    return locked


def _cells_of(experiment: Experiment, places: Sequence[tuple[int, str, int]]) -> list[ExperimentCell]:
    columns = {Variant.from_json(raw).label: column for column, raw in enumerate(experiment.variants)}
    numbers = {item for item, _, _ in places}
    rows = experiment.cells.filter(item__number__in=numbers).select_related("item")
    known = {(cell.item.number, cell.column, cell.repetition): cell for cell in rows}
    keys = [(item, columns.get(label, -1), repetition) for item, label, repetition in places]
    missing = [number for number, key in enumerate(keys) if key not in known]
    if missing:
        sentence = "This experiment has no such item, column or repetition."
        raise ResultsNotUsable([(number, sentence) for number in missing])
    return [known[key] for key in keys]


def _fill(cell: ExperimentCell, result: Result) -> None:
    cell.output, cell.error = texts.clean(result.output), texts.clean(result.error)[:4_000]
    cell.error_kind = CODE if result.error else ""
    cell.latency_ms, cell.trace_id, cell.model = result.latency_ms, result.trace_id, texts.clean(result.model)[:120]
    cell.input_tokens, cell.output_tokens = result.input_tokens, result.output_tokens
    cell.cost_nano_usd, cell.is_price_known = result.cost_nano_usd, result.cost_nano_usd is not None
    cell.state = CellState.FAILED if result.error else CellState.ANSWERED
    cell.ended_at = timezone.now() if result.error else None
    cell.save()
    if not result.error:
        judging.judge_cell(cell=cell)


def _keep_scores(
    experiment: Experiment, cell: ExperimentCell, scores: Sequence[CodeScore], versions: dict[tuple[str, str], EvaluatorVersion]
) -> int:  # fmt: skip
    known = set(cell.scores.values_list("evaluator_version", flat=True))
    made = {}
    for one in scores:
        version = _version(experiment, one, versions)
        if version.pk not in known:
            made[version.pk] = ExperimentScore(
                project_id=cell.project_id, cell=cell, evaluator_version=version, value=None if one.error else one.value,
                passed=None if one.error else one.passed, why=texts.clean(one.why)[:4_000],
                error=texts.clean(one.error)[:4_000],
            )  # fmt: skip
    ExperimentScore.objects.bulk_create(made.values())
    return len(made)


def _version(
    experiment: Experiment, one: CodeScore, versions: dict[tuple[str, str], EvaluatorVersion]
) -> EvaluatorVersion:
    key = (one.evaluator, one.content_hash)
    if key not in versions:
        project: Project = experiment.project
        versions[key] = from_code.version_of(project=project, name=one.evaluator, content_hash=one.content_hash)
        _link(experiment, versions[key])
    return versions[key]


def _link(experiment: Experiment, version: EvaluatorVersion) -> None:
    """Let the experiment show an evaluator; the caller holds the lock on the experiment."""
    if not experiment.evaluators.filter(evaluator_version=version).exists():
        ExperimentEvaluator.objects.create(
            project_id=experiment.project_id, experiment=experiment, evaluator_version=version,
            position=experiment.evaluators.count(),
        )  # fmt: skip


def _go_on(experiment: Experiment, waiting: Sequence[ExperimentCell]) -> None:
    if waiting:
        changes.wake(experiment)
    elif not experiment.is_over:
        ending.end_if_over(experiment_id=experiment.pk)
