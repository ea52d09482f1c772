"""An experiment as other programs read it: its state, and for each column and check a level and a verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from evals.experiments import comparisons, ending, progress
from evals.experiments.comparison_values import Column, Comparison, Level, Result
from evals.experiments.models import Experiment, ExperimentCell
from evals.experiments.plans import Variant
from evals.statistics.verdicts import Verdict
from projects import spending

_WORST_SHOWN = 5
_LONGEST_WHY = 300
# Of an answer that failed, or that a check could not judge, nobody knows that it is good, so it does not count as passed.
_PASSED = """
    SELECT c."column", count(*), count(*) FILTER (WHERE c.state = 'done' AND s.passed > 0 AND s.bad = 0), sum(s.passed + s.bad)
      FROM experiment_cell c CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE passed) AS passed, count(*) FILTER (WHERE NOT passed OR error <> '') AS bad
          FROM experiment_score WHERE cell_id = c.id) s
     WHERE c.experiment_id = %s AND c.state IN ('done', 'failed') GROUP BY c."column"
"""
_BY_CHECK = """
    SELECT c."column", s.evaluator_version_id, count(*) FILTER (WHERE s.passed), count(*) FILTER (WHERE s.passed IS NOT NULL)
      FROM experiment_score s JOIN experiment_cell c ON c.id = s.cell_id WHERE c.experiment_id = %s GROUP BY 1, 2
"""
_WORST = """
    SELECT i.number, s.value, s.error, left(s.why, %s) FROM experiment_score s
      JOIN experiment_cell c ON c.id = s.cell_id JOIN dataset_item i ON i.id = c.item_id
     WHERE c.experiment_id = %s AND c."column" = %s AND s.evaluator_version_id = %s
       AND (s.passed IS NOT TRUE AND s.value < 1 OR s.error <> '')
     ORDER BY s.value NULLS LAST, i.number LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Passed:
    """Shares of answers that passed: all checks, and each check of those it judged; by column."""

    of_column: dict[int, float | None]
    of_check: dict[tuple[int, int], float | None]


def head_of(experiment: Experiment) -> dict[str, Any]:
    """Return what the list tells of an experiment; it needs the project, the dataset and the prompt."""
    return {
        "id": experiment.pk, "name": experiment.name, "state": experiment.state, "is_over": experiment.is_over,
        "reason": experiment.reason, "runs_in": experiment.runs_in, "dataset": experiment.dataset.name,
        "dataset_id": experiment.dataset_id, "dataset_revision": experiment.dataset_revision, "split": experiment.split,
        "prompt": experiment.prompt.name if experiment.prompt else None, "repetitions": experiment.repetitions,
        "item_count": experiment.item_count, "columns": [Variant.from_json(raw).title for raw in experiment.variants],
        "spent_usd": experiment.spent_nano_usd / spending.NANO, "cap_usd": experiment.cap_nano_usd / spending.NANO,
        "created_at": experiment.created_at, "ended_at": experiment.ended_at,
        "url": f"{settings.PUBLIC_URL}{ending.path_of(experiment)}",
    }  # fmt: skip


def of(experiment: Experiment) -> dict[str, Any]:
    """Return all that is known about an experiment without its answers."""
    whole, passed = comparisons.compare(experiment=experiment), _passed(experiment)
    return {
        **head_of(experiment),
        "progress": asdict(progress.of(experiment)),
        "is_preliminary": whole.is_preliminary,
        "results": [_column(whole, column, passed) for column in whole.columns],
    }


def _column(whole: Comparison, column: Column, passed: Passed) -> dict[str, Any]:
    totals = column.totals
    levels = {level.check.version_id: level for level in column.levels}
    return {
        "column": column.place, "label": column.variant.title, "version": column.variant.number or None,
        "model": column.variant.model, "is_simulated": totals.is_simulated, "answers": totals.done,
        "failed": totals.failed, "skipped": totals.skipped, "pass_rate": passed.of_column.get(column.place),
        "cost_usd": None if totals.mean_nano_usd is None else totals.mean_nano_usd / spending.NANO,
        "median_ms": totals.median_ms, "p95_ms": totals.p95_ms,
        "verdict": overall([result.verdict for result in column.results]), "words": column.words,
        "checks": [
            _check(whole.experiment, column, levels[check.version_id], column.result_of(check.version_id), passed)
            for check in whole.checks
            if check.version_id in levels
        ],
    }  # fmt: skip


def _check(
    experiment: Experiment, column: Column, level: Level, result: Result | None, passed: Passed
) -> dict[str, Any]:
    check = level.check
    difference = result.contrast.difference if result else None
    return {
        "name": check.name, "kind": check.kind, "is_duel": check.is_duel,
        "pass_rate": passed.of_check.get((column.place, check.version_id)),
        "mean": level.estimate if level.items else None, "low": _finite(level.interval.low) if level.items else None,
        "high": _finite(level.interval.high) if level.items else None, "items": level.items, "errors": level.errors,
        "verdict": result.verdict.value if result else None,
        "difference": _finite(difference.estimate) if difference else None,
        "difference_low": _finite(difference.interval.low) if difference else None,
        "difference_high": _finite(difference.interval.high) if difference else None,
        "worst": worst_items(experiment, column=column.place, version_id=check.version_id),
    }  # fmt: skip


def overall(verdicts: list[Verdict]) -> str | None:
    """Return one word for a column: worse if any check says so, the same only if all do; None without a comparison."""
    if not verdicts:
        return None
    for verdict in (Verdict.WORSE, Verdict.BETTER):
        if verdict in verdicts:
            return verdict.value
    return Verdict.SAME.value if all(one == Verdict.SAME for one in verdicts) else Verdict.UNKNOWN.value


def worst_items(experiment: Experiment, *, column: int, version_id: int) -> list[dict[str, Any]]:
    """Return the answers that a check liked least, by the number of their item."""
    with connection.cursor() as cursor:
        cursor.execute(_WORST, [_LONGEST_WHY, experiment.pk, column, version_id, _WORST_SHOWN])
        return [
            {"item": item, "value": value, "error": error, "why": why} for item, value, error, why in cursor.fetchall()
        ]


def rows(experiment: Experiment, *, after: int, limit: int) -> list[ExperimentCell]:
    """Return answers in the order of their ids, with their items and scores."""
    cells = experiment.cells.filter(pk__gt=after).select_related("item").order_by("pk")
    return list(cells.prefetch_related("scores__evaluator_version__evaluator")[:limit])


def _passed(experiment: Experiment) -> Passed:
    with connection.cursor() as cursor:
        cursor.execute(_PASSED, [experiment.pk])
        of_column = {
            column: passed / count if judged else None for column, count, passed, judged in cursor.fetchall()
        }  # fmt: skip
        cursor.execute(_BY_CHECK, [experiment.pk])
        of_check = {
            (column, version): passed / judged if judged else None
            for column, version, passed, judged in cursor.fetchall()
        }
    return Passed(of_column, of_check)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
