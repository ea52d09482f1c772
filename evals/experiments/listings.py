"""What the lists of experiments and the page of one show besides the comparison: how far each is, and what went wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Min

from evals.experiments.models import (
    OPEN,
    CellState,
    Experiment,
    ExperimentCell,
    ExperimentQuerySet,
    ExperimentScore,
    ExperimentState,
)
from evals.experiments.plans import Variant
from evals.models import Dataset
from projects.models import Project
from prompt_registry.models import Prompt

_PROMPTS_OFFERED = 200


@dataclass(frozen=True, slots=True)
class ExperimentFilter:
    """Which experiments somebody wants to see; empty values leave all in."""

    prompt_id: int = 0
    dataset_id: int = 0
    state: str = ""
    is_archive: bool = False

    @property
    def is_set(self) -> bool:
        return bool(self.prompt_id or self.dataset_id or self.state)

    def apply(self, rows: ExperimentQuerySet) -> ExperimentQuerySet:
        rows = rows.filter(archived_at__isnull=not self.is_archive)
        if self.prompt_id:
            rows = rows.filter(prompt=self.prompt_id)
        if self.dataset_id:
            rows = rows.filter(dataset=self.dataset_id)
        if self.state in ExperimentState.values:
            rows = rows.filter(state=self.state)
        return rows


@dataclass(frozen=True, slots=True)
class ListedExperiment:
    """An experiment with the number of its answers, of those that ended and of those that failed."""

    experiment: Experiment
    total: int
    ended: int
    failed: int

    @property
    def variants(self) -> list[Variant]:
        return [Variant.from_json(raw) for raw in self.experiment.variants]


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason why answers or judgements are missing, and how often; `error` is the first of its kind in words."""

    kind: str
    error: str
    count: int
    is_of_judging: bool = False


def page(
    *, project: Project, wanted: ExperimentFilter, before: int = 0, limit: int
) -> tuple[list[ListedExperiment], bool]:
    """Return experiments, newest first, from the one before this number on, and whether there are more."""
    rows = Experiment.objects.for_project(project).select_related("prompt", "dataset", "created_by")
    rows = wanted.apply(rows).order_by("-pk")
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return _listed(found[:limit]), len(found) > limit


def of_prompt(prompt: Prompt, *, limit: int) -> list[ListedExperiment]:
    """Return the newest experiments of a prompt."""
    return page(project=prompt.project, wanted=ExperimentFilter(prompt_id=prompt.pk), limit=limit)[0]


def of_dataset(dataset: Dataset, *, limit: int) -> list[ListedExperiment]:
    """Return the newest experiments on a dataset."""
    return page(project=dataset.project, wanted=ExperimentFilter(dataset_id=dataset.pk), limit=limit)[0]


def prompts_of(project: Project) -> list[Prompt]:
    """Return the prompts that experiments were made of, by name."""
    tested = Experiment.objects.for_project(project).exclude(prompt=None).values("prompt")
    return list(Prompt.objects.for_project(project).filter(pk__in=tested).order_by("name")[:_PROMPTS_OFFERED])


def failures_of(experiment: Experiment) -> list[Failure]:
    """Return why answers and judgements of the experiment are missing, the most frequent reason first."""
    cells = ExperimentCell.objects.filter(experiment=experiment, state=CellState.FAILED)
    answers = cells.values("error_kind").annotate(error=Min("error"), count=Count("pk"))
    found = [Failure(row["error_kind"], row["error"], row["count"]) for row in answers]
    scores = ExperimentScore.objects.filter(cell__experiment=experiment).exclude(error="")
    judged = scores.values("evaluator_version__evaluator__name").annotate(reason=Min("error"), count=Count("pk"))
    found += [
        Failure(row["evaluator_version__evaluator__name"], row["reason"], row["count"], is_of_judging=True)
        for row in judged
    ]
    return sorted(found, key=lambda failure: (failure.is_of_judging, -failure.count, failure.kind))


def _listed(experiments: Iterable[Experiment]) -> list[ListedExperiment]:
    rows = list(experiments)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    cells = ExperimentCell.objects.filter(experiment__in=rows).values_list("experiment_id", "state")
    for experiment_id, state, count in cells.annotate(count=Count("pk")):
        counts[experiment_id][state] = count
    return [_with_counts(row, counts[row.pk]) for row in rows]


def _with_counts(experiment: Experiment, counts: dict[str, int]) -> ListedExperiment:
    total = sum(counts.values())
    waiting = sum(counts.get(state, 0) for state in OPEN)
    return ListedExperiment(experiment, total, total - waiting, counts.get(CellState.FAILED, 0))
