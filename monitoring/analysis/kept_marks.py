"""What people said about findings outlives a new look: it decides about the flag again."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.analysis import marks
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis, FlagMark


def applied(rows: Sequence[CallAnalysis]) -> None:
    """Set and clear the flags of rows of one project as people marked them."""
    if not rows:
        return
    by_call = {(row.trace_id, row.span_id): row for row in rows}
    stored = FlagMark.objects.filter(project_id=rows[0].project_id, trace_id__in={row.trace_id for row in rows})
    for trace_id, span_id, detector, verdict in stored.values_list("trace_id", "span_id", "detector", "verdict"):
        row = by_call.get((trace_id, span_id))
        if row is not None and detector.upper() in Flag.__members__:
            row.flags = int(marks.marked(row.flags, Flag[detector.upper()], verdict))
