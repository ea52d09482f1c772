"""Says of many calls at once that what was found in them is not a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitoring.analysis import flagged, marks
from monitoring.analysis.models import CallAnalysis, MarkVerdict
from monitoring.models import Trace
from projects.models import Project, User

MOST_CALLS = 500


def counts(*, project: Project, traces: Sequence[Trace]) -> dict[str, int]:
    """Return in how many calls of the traces each finding counts, the most frequent first."""
    found: dict[str, int] = {}
    for flags in _calls(project, traces).values_list("flags", flat=True):
        for name in flagged.names(flags):
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def no_problem(*, project: Project, traces: Sequence[Trace], detector: str, by: User) -> int:
    """Mark a finding as no problem in every call of the traces that has it, up to MOST_CALLS; return in how many.

    Each mark is one of its own, as if somebody had gone from call to call: it counts at once and can be taken back there.
    """
    bit = marks.flag_of(detector)
    rows = _calls(project, traces).flagged(int(bit)).values_list("trace_id", "span_id", "start_day")
    found = list(rows.order_by("-call_at", "trace_id", "span_id")[:MOST_CALLS])
    for trace_id, span_id, start_day in found:
        marks.mark(
            project=project, trace_id=trace_id, span_id=span_id, start_day=start_day, detector=detector,
            verdict=MarkVerdict.WRONG, by=by,
        )  # fmt: skip
    return len(found)


def _calls(project: Project, traces: Sequence[Trace]) -> Any:
    days = [trace.min_day for trace in traces] + [trace.max_day for trace in traces]
    rows = (
        CallAnalysis.objects.for_project(project)
        .filter(trace_id__in=[trace.trace_id for trace in traces])
        .exclude(flags=0)
    )
    return rows.filter(start_day__range=(min(days), max(days))) if days else rows.none()
