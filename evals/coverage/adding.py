"""Puts suggested calls into a dataset, each with the link back to where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from evals import calls
from evals.calls import CallsAdded, RecordedCall
from evals.models import Dataset
from monitoring import trace_reading
from monitoring.models import Trace
from projects.models import User


def add(*, dataset: Dataset, keys: Sequence[tuple[UUID, int]], by: User) -> CallsAdded:
    """Add the calls as items; those that are not kept any more are counted as left out."""
    return calls.add(dataset=dataset, calls=_recorded(dataset, keys), by=by)


def _recorded(dataset: Dataset, keys: Sequence[tuple[UUID, int]]) -> list[RecordedCall | None]:
    traces = {
        trace.trace_id: trace
        for trace in Trace.objects.for_project(dataset.project).filter(trace_id__in=[trace for trace, _ in keys])
    }
    found: list[RecordedCall | None] = []
    for trace_id, span_id in keys:
        trace = traces.get(trace_id)
        span = trace_reading.span_of(trace, span_id) if trace else None
        found.append(calls.of_span(trace, span) if trace and span else None)
    return found
