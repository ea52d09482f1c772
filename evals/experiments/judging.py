"""Judges answers: checks without a model at once, and what judges said, as rows to store. Nothing raised stops a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from django.db import transaction
from django.utils import timezone

from evals.errors import CannotJudge, EvalsError
from evals.evaluators import definitions
from evals.evaluators.cases import (
    Case,
    ModelEvaluator,
    Outcome,
    Question,
    QuickEvaluator,
    as_model_evaluator,
    as_quick_evaluator,
)
from evals.evaluators.models import CODE, EvaluatorVersion
from evals.experiments.models import CellState, Experiment, ExperimentCell, ExperimentScore
from evals.models import DatasetItem
from prompt_registry import rendering, texts

log = structlog.get_logger("callboard.experiments")

_MOST_WORDS = 4_000
NO_RIVAL = "The first variant has no answer to this item, so there is nothing to compare with."


class HasOutput(Protocol):
    """A cell, or what a worker holds of one."""

    @property
    def output(self) -> str: ...


class SomethingBroke(EvalsError):
    """Something went wrong on this server while this was judged, and its log says what. Try it again, or tell an admin."""


@dataclass(frozen=True, slots=True)
class Judge:
    """An evaluator version that is ready to work, or the reason why it is not."""

    version_id: int
    evaluator: QuickEvaluator | ModelEvaluator | None
    refusal: str = ""

    @property
    def asks_model(self) -> bool:
        return self.model_evaluator is not None

    @property
    def model_evaluator(self) -> ModelEvaluator | None:
        return as_model_evaluator(self.evaluator)

    @property
    def compares(self) -> bool:
        return bool(getattr(self.evaluator, "compares", False))

    @property
    def is_at_once(self) -> bool:
        """Whether it judges an answer as soon as that is there, without asking or waiting for anybody."""
        return not self.asks_model and not self.compares


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one evaluator version said about one answer: a value, or an error."""

    version_id: int
    value: float | None = None
    passed: bool | None = None
    why: str = ""
    error: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    cost_nano_usd: int = 0
    judge_model: str = ""


def ready(versions: Iterable[EvaluatorVersion]) -> list[Judge]:
    """Return the evaluators, built; one that cannot be built has its reason instead."""
    return [_ready(version) for version in versions]


def of_experiment(experiment: Experiment) -> list[Judge]:
    """Return the evaluators of an experiment, in the order of the screen."""
    links = experiment.evaluators.select_related("evaluator_version__evaluator").order_by("position")
    # What the application judged itself is there already, or never will be.
    links = links.exclude(evaluator_version__kind=CODE)
    return ready(link.evaluator_version for link in links)


def case_of(cell: HasOutput, item: DatasetItem, rival: str | None = None) -> Case:
    """Return what evaluators get to see of a cell; `rival` is what column 0 answered."""
    expected = item.expected_output
    return Case(
        output=cell.output,
        expected=None if expected is None else rendering.stringify(expected),
        context=item.context or None,
        inputs={name: rendering.stringify(value) for name, value in item.input.items()},
        rival=rival,
        notes={name: rendering.stringify(value) for name, value in item.metadata.items()},
    )


def at_once(judge: Judge, case: Case) -> Verdict:
    """Return what a check without a model says."""
    evaluator = as_quick_evaluator(judge.evaluator)
    if evaluator is None:
        return Verdict(judge.version_id, error=judge.refusal)
    if judge.compares and case.rival is None:
        return without_rival(judge)
    return _guarded(judge, lambda: evaluator.judge(case))


def without_rival(judge: Judge) -> Verdict:
    """Return that there is nothing to compare with; when that is answered after all, it is judged again."""
    return Verdict(judge.version_id, error=NO_RIVAL, detail={"retry": True})


def questions_of(judge: Judge, case: Case) -> list[Question] | Verdict:
    """Return what a judge wants to know of a model, or the error that it has instead."""
    evaluator = judge.model_evaluator
    if evaluator is None:
        return Verdict(judge.version_id, error=judge.refusal)
    try:
        return list(evaluator.questions(case))
    except CannotJudge as error:
        return Verdict(judge.version_id, error=texts.clean(str(error))[:_MOST_WORDS])
    except Exception:  # the edge of one evaluator, as below
        log.exception("evaluator_broke", evaluator_version=judge.version_id)
        return Verdict(judge.version_id, error=str(SomethingBroke()))


def read(judge: Judge, case: Case, answers: Sequence[str], *, cost_nano_usd: int = 0, judge_model: str = "") -> Verdict:
    """Return what the answers of a judge mean."""
    evaluator = judge.model_evaluator
    if evaluator is None:
        return Verdict(judge.version_id, error=judge.refusal)
    return _guarded(judge, lambda: evaluator.read(case, answers), cost_nano_usd=cost_nano_usd, judge_model=judge_model)


def score_of(verdict: Verdict, *, project_id: int, cell_id: int) -> ExperimentScore:
    """Return the row of a verdict."""
    return ExperimentScore(
        project_id=project_id, cell_id=cell_id, evaluator_version_id=verdict.version_id, value=verdict.value,
        passed=verdict.passed, why=verdict.why, error=verdict.error, detail=dict(verdict.detail),
        cost_nano_usd=verdict.cost_nano_usd, judge_model=verdict.judge_model[:120],
    )  # fmt: skip


@transaction.atomic
def judge_cell(*, cell: ExperimentCell) -> bool:
    """Judge an answer that was made in code as far as no model is needed; return whether that was all.

    The rest is done by the workers: the cell waits for them.
    """
    experiment = Experiment.objects.get(pk=cell.experiment_id)
    judges = of_experiment(experiment)
    case = case_of(cell, cell.item)
    verdicts = [at_once(judge, case) for judge in judges if judge.is_at_once]
    scores = [score_of(verdict, project_id=cell.project_id, cell_id=cell.pk) for verdict in verdicts]
    ExperimentScore.objects.bulk_create(scores, ignore_conflicts=True)
    is_all = not needs_second_look(judges, column=cell.column)
    cell.state = CellState.DONE if is_all else CellState.ANSWERED
    cell.ended_at = timezone.now() if is_all else None
    cell.save(update_fields=["state", "ended_at"])
    return is_all


def needs_second_look(judges: Iterable[Judge], *, column: int) -> bool:
    """Tell whether an answer of this column waits for a judge or for the answer it is compared with."""
    return any(not judge.is_at_once and (column > 0 or not judge.compares) for judge in judges)


def _ready(version: EvaluatorVersion) -> Judge:
    try:
        return Judge(version.pk, definitions.built(version))
    except EvalsError as error:
        return Judge(version.pk, None, str(error))
    except Exception:  # the edge of one evaluator: the others go on
        log.exception("evaluator_not_built", evaluator_version=version.pk)
        return Judge(version.pk, None, str(SomethingBroke()))


def _guarded(judge: Judge, act: Any, *, cost_nano_usd: int = 0, judge_model: str = "") -> Verdict:
    try:
        return _verdict(judge, act(), cost_nano_usd, judge_model)
    except CannotJudge as error:
        reason = str(error)
    except Exception:  # the edge of one evaluator: an answer that breaks it is an error, never a score
        log.exception("evaluator_broke", evaluator_version=judge.version_id)
        reason = str(SomethingBroke())
    return Verdict(
        judge.version_id, error=texts.clean(reason)[:_MOST_WORDS], cost_nano_usd=cost_nano_usd, judge_model=judge_model
    )


def _verdict(judge: Judge, outcome: Outcome, cost_nano_usd: int, judge_model: str) -> Verdict:
    value = float(outcome.value)
    if not 0 <= value <= 1:
        raise CannotJudge(f"The evaluator said {value:g}, and a score is a number from 0 to 1.")
    return Verdict(
        judge.version_id, value=value, passed=bool(outcome.passed), why=texts.clean(outcome.why)[:_MOST_WORDS],
        detail=texts.clean_json(dict(outcome.detail)), cost_nano_usd=cost_nano_usd, judge_model=judge_model,
    )  # fmt: skip
