"""How much an answer of a person would teach: most where the judge is near its boundary or the evaluators disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from evals.experiments.models import ExperimentCell, ExperimentScore
from monitoring.models import Score, ScoreSource
from projects.models import Project


def of_cells(cells: QuerySet[ExperimentCell]) -> dict[str, float]:
    """Return the interest of each answer of an experiment, by its key."""
    values: dict[int, list[float]] = {pk: [] for pk in cells.values_list("pk", flat=True)}
    rows = ExperimentScore.objects.filter(cell__in=cells.values("pk"), value__isnull=False)
    for cell_id, value, passed in rows.values_list("cell_id", "value", "passed"):
        values[cell_id].append(_leaning(value or 0.0, passed))
    return {f"cell:{pk}": interest(found) for pk, found in values.items()}


def of_traces(project: Project, trace_ids: Sequence[UUID]) -> dict[str, float]:
    """Return the interest of recorded calls, by their keys, from what evaluators and detectors said about them."""
    values: dict[UUID, list[float]] = defaultdict(list)
    rows = Score.objects.filter(
        project=project, trace_id__in=trace_ids, source__in=[ScoreSource.EVALUATOR, ScoreSource.DETECTOR],
        value__gte=0, value__lte=1,
    )  # fmt: skip
    for trace_id, value in rows.values_list("trace_id", "value"):
        values[trace_id].append(value or 0.0)
    return {f"trace:{trace_id.hex}": interest(values.get(trace_id, ())) for trace_id in trace_ids}


def interest(values: Iterable[float]) -> float:
    """Return 1 when a value lies on the boundary or half of them say the opposite of the others, 0 when all are sure alike."""
    found = list(values)
    if not found:
        return 0.0
    doubt = max(1 - abs(2 * value - 1) for value in found)
    good = sum(value >= 0.5 for value in found) / len(found)
    return max(doubt, 1 - abs(2 * good - 1))


def _leaning(value: float, passed: bool | None) -> float:
    """Return the value on a scale on which one half is the boundary, which need not be there for every evaluator."""
    if passed is None or (value >= 0.5) == passed:
        return value
    return 0.5
