"""Which traces hold a call with a flag: for lists of traces, by the index that holds flagged calls alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from monitoring.analysis.flags import SHOWN, Flag
from monitoring.analysis.models import CallAnalysis, CallAnalysisQuerySet

ANY = "any"
NAMES = tuple(str(flag.name).lower() for flag in Flag if flag & SHOWN)
# A call begins after its trace; one that begins later than this is not found by the time of its trace.
_LONGEST = timedelta(days=1)
# The clocks of two steps of one trace may differ by so much.
_SLACK = timedelta(minutes=10)
_OF_TRACES = """
    SELECT trace_id, bit_or(flags) FROM call_analysis
     WHERE project_id = %s AND trace_id = ANY(%s) AND start_day BETWEEN %s AND %s AND flags & %s <> 0 GROUP BY trace_id
"""

_COUNTS = """
    SELECT flags, count(*) FROM call_analysis WHERE project_id = %s AND call_at >= %s AND flags <> 0 GROUP BY flags
"""


class Dated(Protocol):
    """What of a trace is needed to find its calls."""

    @property
    def trace_id(self) -> UUID: ...
    @property
    def min_day(self) -> date: ...
    @property
    def max_day(self) -> date: ...


def bits(name: str) -> int:
    """Return the flags that a name stands for: one of them, or all that are shown."""
    return int(SHOWN) if name == ANY else int(Flag[name.upper()])


def in_traces(*, project_id: int, name: str, since: datetime, until: datetime) -> Q:
    """Return the condition that selects the traces, begun between two moments, that hold a call with the flag."""
    calls = CallAnalysis.objects.filter(
        project_id=project_id, call_at__gte=since - _SLACK, call_at__lt=until + _LONGEST
    )
    return Q(trace_id__in=_flagged(calls, name))


def in_trace(*, project_id: int, name: str, trace_id: UUID) -> Q:
    """Return the condition that selects one trace when it holds a call with the flag."""
    return Q(trace_id__in=_flagged(CallAnalysis.objects.filter(project_id=project_id, trace_id=trace_id), name))


def of_traces(*, project_id: int, traces: Sequence[Dated]) -> dict[UUID, list[str]]:
    """Return the names of the flags in each of the traces; those without any are left out."""
    if not traces:
        return {}
    days = [min(trace.min_day for trace in traces), max(trace.max_day for trace in traces)]
    with connection.cursor() as cursor:
        cursor.execute(_OF_TRACES, [project_id, [trace.trace_id for trace in traces], *days, int(SHOWN)])
        return {trace_id: names(flags) for trace_id, flags in cursor.fetchall()}


def counts(*, project_id: int, since: datetime) -> dict[str, int]:
    """Return how many calls since a moment have each flag; flags that no call has are left out."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [project_id, since])
        for flags, count in cursor.fetchall():
            for name in names(flags):
                found[name] = found.get(name, 0) + count
    return found


def names(flags: int) -> list[str]:
    """Return the detectors behind the flags of a call, in the order of their bits."""
    return [name for name in NAMES if flags & Flag[name.upper()]]


def _flagged(calls: CallAnalysisQuerySet, name: str) -> QuerySet[CallAnalysis, Any]:
    # The index holds calls with `flags <> 0`; the planner does not conclude that from the bits alone.
    return calls.filter(~Q(flags=0)).flagged(bits(name)).values("trace_id")
