"""What the list shows of traces that their rows do not hold: how soon the first words came, and what scores say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Avg, Count, Min

from monitoring.analysis.models import CallAnalysis
from monitoring.models import Score, ScoreType, Trace

MOST_SCORES = 3


@dataclass(frozen=True, slots=True)
class NamedScore:
    """The mean of the scores of one name on a trace, or their text."""

    name: str
    value: float | None
    text: str


def first_tokens(traces: Sequence[Trace]) -> dict[UUID, float]:
    """Return after how many milliseconds the first words of each trace's quickest call came; only streamed calls have any."""
    if not traces:
        return {}
    rows = CallAnalysis.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces], ttft_ns__isnull=False,
        start_day__range=(min(trace.min_day for trace in traces), max(trace.max_day for trace in traces)),
    )  # fmt: skip
    found = rows.values("trace_id").annotate(soonest=Min("ttft_ns")).values_list("trace_id", "soonest")
    return {trace_id: nanoseconds / 1e6 for trace_id, nanoseconds in found}


def scores(traces: Sequence[Trace]) -> dict[UUID, list[NamedScore]]:
    """Return the scores of each trace by their names, a few of each; thumbs and corrections are shown elsewhere."""
    if not traces:
        return {}
    rows = Score.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces],
        data_type__in=[ScoreType.NUMBER, ScoreType.CATEGORY, ScoreType.BOOLEAN],
    )  # fmt: skip
    sums = rows.values("trace_id", "name").annotate(mean=Avg("value"), text=Min("string_value"), count=Count("id"))
    found: dict[UUID, list[NamedScore]] = {}
    for row in sums.order_by("trace_id", "name"):
        named = found.setdefault(row["trace_id"], [])
        if len(named) < MOST_SCORES:
            named.append(NamedScore(row["name"], row["mean"], (row["text"] or "")[:40]))
    return found
