"""The answers of an experiment as other programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch

from evals.experiments.models import Experiment, ExperimentCell, ExperimentScore
from projects import spending

_CHUNK = 300


def in_chunks(experiment: Experiment) -> Iterator[ExperimentCell]:
    """Yield all answers with their scores by item, column and repetition, a few in memory at a time."""
    scores = ExperimentScore.objects.select_related("evaluator_version__evaluator").order_by("evaluator_version")
    cells = ExperimentCell.objects.filter(experiment=experiment).select_related("item")
    ordered = cells.order_by("item__number", "column", "repetition").values_list("pk", flat=True)
    ids = list(ordered)
    for start in range(0, len(ids), _CHUNK):
        found = cells.prefetch_related(Prefetch("scores", queryset=scores)).in_bulk(ids[start : start + _CHUNK])
        yield from (found[pk] for pk in ids[start : start + _CHUNK] if pk in found)


def of_cell(cell: ExperimentCell) -> dict[str, Any]:
    """Return an answer as JSON, with what was asked and what every check said."""
    return {
        "item": cell.item.number, "input": cell.item.input, "expected_output": cell.item.expected_output,
        "metadata": cell.item.metadata, "tags": cell.item.tags, "column": cell.column, "repetition": cell.repetition,
        "model": cell.model, "state": cell.state, "error": cell.error, "error_kind": cell.error_kind,
        "answer": cell.output, "latency_ms": cell.latency_ms,
        "cost_usd": None if cell.cost_nano_usd is None else cell.cost_nano_usd / spending.NANO,
        "input_tokens": cell.input_tokens, "output_tokens": cell.output_tokens, "is_cached": cell.is_cached,
        "trace_id": cell.trace_id.hex if cell.trace_id else None,
        "scores": [_of_score(score) for score in cell.scores.all()],
    }  # fmt: skip


def _of_score(score: ExperimentScore) -> dict[str, Any]:
    version = score.evaluator_version
    return {
        "check": version.evaluator.name, "check_version": version.number, "value": score.value, "passed": score.passed,
        "why": score.why, "error": score.error, "detail": score.detail, "judge_model": score.judge_model,
    }  # fmt: skip
