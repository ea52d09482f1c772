"""How long answers will probably be, and how long they take, from those that came before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, QuerySet

from evals.experiments.models import CellState, ExperimentCell
from evals.models import DatasetItem
from projects.models import Project
from prompt_registry import rendering

_USUAL_TOKENS = 300
_USUAL_SECONDS = 2.5
_BYTES_PER_TOKEN = 3.6
_LOOKED_AT = 300
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Usual:
    """What an answer of a model usually is like."""

    tokens: int = _USUAL_TOKENS
    seconds: float = _USUAL_SECONDS


def usual(*, project: Project, model: str, longest: int | None) -> Usual:
    """Return what the latest answers of this model in the project were like; without any, what is usual everywhere."""
    latest = ExperimentCell.objects.filter(project=project, model=model, state=CellState.DONE, is_cached=False)
    chosen = latest.order_by("-pk").values_list("pk", flat=True)[:_LOOKED_AT]
    found = ExperimentCell.objects.filter(pk__in=list(chosen)).aggregate(
        tokens=Avg("output_tokens"), latency=Avg("latency_ms")
    )
    tokens = math.ceil(found["tokens"]) if found["tokens"] is not None else _USUAL_TOKENS
    seconds = found["latency"] / 1_000 if found["latency"] is not None else _USUAL_SECONDS
    return Usual(min(tokens, longest or tokens), seconds)


def of_items(items: QuerySet[DatasetItem], *, models: Sequence[str]) -> dict[int, int]:
    """Return about how many tokens the longest answer to each item has.

    From what was answered to it before; else as long as what is expected; else as long as usual.
    """
    # An item may be large, and there may be very many.
    expected = {
        pk: _from_expected(output)
        for pk, output in items.values_list("pk", "expected_output").iterator(chunk_size=_CHUNK)
    }
    before = dict(
        ExperimentCell.objects.filter(item__in=list(expected), model__in=models, state=CellState.DONE)
        .values_list("item")
        .annotate(tokens=Avg("output_tokens"))
    )
    return {pk: math.ceil(before.get(pk) or tokens) for pk, tokens in expected.items()}


def _from_expected(output: Any) -> float:
    if output is None:
        return _USUAL_TOKENS
    return max(1.0, rendering.utf8_length(rendering.stringify(output)) / _BYTES_PER_TOKEN)
