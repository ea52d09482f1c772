"""The calls that nobody looked at yet: which traces have some, and which of their steps these are.

A trace knows how many calls it has. One with fewer rows of analysis than that has calls that came after the others, however late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.kinds import Kind
from monitoring.models import Span

TRACES_AT_ONCE = 200
# Of one batch; long texts are looked at a few at a time, so that nobody can fill the memory.
_CALLS_AT_ONCE, _BYTES_AT_ONCE = 100, 16 << 20
# A call without an end is under way, or its application died; after this long it is looked at as it is.
UNFINISHED = timedelta(minutes=10)
BEFORE_ALL = UUID(int=0)

# Rows of analysis of a trace stand on its days: two numbers that say which partition to look into.
LOOKED_AT = """(SELECT count(*) FROM call_analysis a WHERE a.project_id = t.project_id AND a.trace_id = t.trace_id
             AND a.start_day >= t.min_day AND a.start_day <= t.max_day)"""
_TRACES = f"""
    SELECT trace_id, min_day, max_day, started_at FROM trace t
     WHERE project_id = %(project)s AND started_at >= %(since)s AND started_at < %(until)s
       AND (started_at, trace_id) > (%(since)s, %(after)s) AND call_count > 0 AND call_count > {LOOKED_AT}
     ORDER BY started_at, trace_id LIMIT {TRACES_AT_ONCE}
"""
_CALLS = f"""
    SELECT start_day, trace_id, span_id,
           coalesce(pg_column_size(input), 0) + coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(attributes), 0)
      FROM span s
     WHERE project_id = %(project)s AND start_day BETWEEN %(first)s AND %(last)s AND trace_id = ANY(%(traces)s) AND kind = {int(Kind.LLM)}
       AND (end_ns > 0 OR sort_at < %(unfinished)s)
       AND NOT EXISTS (
           SELECT FROM call_analysis a
            WHERE a.project_id = s.project_id AND a.start_day = s.start_day AND a.trace_id = s.trace_id AND a.span_id = s.span_id
       )
     ORDER BY sort_at, trace_id, span_id
"""


@dataclass(frozen=True, slots=True)
class UnseenTrace:
    """A trace with calls that nobody looked at, and the days it touches."""

    trace_id: UUID
    first_day: date
    last_day: date
    started_at: datetime


_Key = tuple[date, UUID, int]


def traces(*, project_id: int, since: datetime, until: datetime, after: UUID = BEFORE_ALL) -> list[UnseenTrace]:
    """Return the next traces of a time range, oldest first, of those that began with `since` only the ones behind `after`."""
    values: dict[str, Any] = {"project": project_id, "since": since, "until": until, "after": after}
    with connection.cursor() as cursor:
        cursor.execute(_TRACES, values)
        return [UnseenTrace(*row) for row in cursor.fetchall()]


def batches(*, project_id: int, traces: Sequence[UnseenTrace], now: datetime) -> Iterator[list[Span]]:
    """Yield the calls of the traces that nobody looked at, in the order they began and so many at a time as memory allows."""
    for keys in _portions(_calls(project_id, traces, now)):
        if spans := load(project_id=project_id, keys=keys):
            yield spans


def load(*, project_id: int, keys: Sequence[_Key]) -> list[Span]:
    """Return whole calls by day, trace and number, in this order, as far as they are still there."""
    days = [day for day, _, _ in keys]
    spans = Span.objects.filter(
        project_id=project_id, start_day__range=(min(days), max(days)), trace_id__in={trace_id for _, trace_id, _ in keys},
        span_id__in={span_id for _, _, span_id in keys},
    )  # fmt: skip
    found = {(span.start_day, span.trace_id, span.span_id): span for span in spans}
    return [found[key] for key in keys if key in found]


def _calls(project_id: int, traces: Sequence[UnseenTrace], now: datetime) -> list[tuple[_Key, int]]:
    if not traces:
        return []
    values: dict[str, Any] = {
        "project": project_id, "traces": [trace.trace_id for trace in traces], "unfinished": now - UNFINISHED,
        "first": min(trace.first_day for trace in traces), "last": max(trace.last_day for trace in traces),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, values)
        return [((day, trace_id, span_id), size) for day, trace_id, span_id, size in cursor.fetchall()]


def _portions(calls: Sequence[tuple[_Key, int]]) -> Iterator[list[_Key]]:
    portion: list[_Key] = []
    total = 0
    for key, size in calls:
        if portion and (len(portion) == _CALLS_AT_ONCE or total + size > _BYTES_AT_ONCE):
            yield portion
            portion, total = [], 0
        portion.append(key)
        total += size
    if portion:
        yield portion
