"""What the pages about evaluators show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import F, Q

from evals.evaluators import catalogue
from evals.evaluators.catalogue import Kind
from evals.evaluators.models import CODE, Evaluator, EvaluatorVersion
from evals.experiments.models import ExperimentEvaluator
from evals.judges.catalogue import JUDGES, JudgeKind
from projects.models import Project

_MOST_WORDS = 8
# Shown, and never built: an application runs it.
IN_CODE = Kind(
    "A function in your code",
    "Your application runs it; here its scores are kept.",
    partial(catalogue.build, CODE, {}),
    {},
)


@dataclass(frozen=True, slots=True)
class EvaluatorRow:
    """An evaluator as the list shows it."""

    evaluator: Evaluator
    version: EvaluatorVersion

    @property
    def kind(self) -> Kind | JudgeKind | None:
        return kind_of(self.version.kind)

    @property
    def is_judge(self) -> bool:
        return self.version.kind in JUDGES


def kind_of(name: str) -> Kind | JudgeKind | None:
    """Return what a kind looks at; None for one that is no longer there."""
    return IN_CODE if name == CODE else JUDGES.get(name) or catalogue.KINDS.get(name)


def evaluators(
    *, project: Project, words: str = "", is_archive: bool = False, after: str = "", limit: int
) -> tuple[list[EvaluatorRow], bool]:
    """Return evaluators by name, each as it is now, and whether there are more."""
    rows = Evaluator.objects.for_project(project).filter(archived_at__isnull=not is_archive, name__gt=after)
    for word in words.split()[:_MOST_WORDS]:
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    found = list(rows.by_name()[: limit + 1])
    return _with_versions(found[:limit]), len(found) > limit


def usable(project: Project) -> list[EvaluatorRow]:
    """Return every evaluator that can judge here and is not in the archive, by name."""
    rows = _with_versions(list(Evaluator.objects.for_project(project).active().by_name()))
    return [row for row in rows if row.version.kind != CODE]


def uses_of(evaluator: Evaluator) -> int:
    """Return how many experiments an evaluator judged."""
    used = ExperimentEvaluator.objects.filter(evaluator_version__evaluator=evaluator)
    return used.values("experiment").distinct().count()


def _with_versions(rows: Sequence[Evaluator]) -> list[EvaluatorRow]:
    current = EvaluatorVersion.objects.filter(evaluator__in=rows, number=F("evaluator__version")).select_related(
        "author"
    )
    by_evaluator = {version.evaluator_id: version for version in current}
    return [EvaluatorRow(row, by_evaluator[row.pk]) for row in rows]
