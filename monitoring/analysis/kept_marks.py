"""What people said about findings outlives a new look: it decides about the flag again."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis, FlagMark, MarkVerdict


def applied(rows: Sequence[CallAnalysis]) -> None:
    """Set and clear the flags of rows of one project as people marked them."""
    if not rows:
        return
    by_call = {(row.trace_id, row.span_id): row for row in rows}
    marks = FlagMark.objects.filter(project_id=rows[0].project_id, trace_id__in={row.trace_id for row in rows})
    for trace_id, span_id, detector, verdict in marks.values_list("trace_id", "span_id", "detector", "verdict"):
        row = by_call.get((trace_id, span_id))
        if row is None or detector.upper() not in Flag.__members__:
            continue
        bit = int(Flag[detector.upper()])
        row.flags = row.flags & ~bit if verdict == MarkVerdict.WRONG else row.flags | bit
