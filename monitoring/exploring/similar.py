"""Finds calls in which users asked for much the same as in one call: those whose vectors are nearest, within a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from pgvector import HalfVector

from monitoring.analysis.models import CallAnalysis
from monitoring.models import Trace
from projects.models import Project

# So many vectors are compared: the newest of the same group of questions, and the newest of the others.
MOST_OF_GROUP, MOST_OF_OTHERS = 10_000, 5_000
MOST = 50
# What is less like it than this has hardly a word in common with it.
_LEAST = 0.3
# Vectors lie out of line: the calls to compare are chosen first, by an index, and only theirs are read.
_NEAREST = """
    WITH looked_at AS (
        (SELECT start_day, trace_id, span_id FROM call_analysis
          WHERE project_id = %(project)s AND call_at >= %(since)s AND call_at < %(until)s AND cluster_id = %(cluster)s::bigint
          ORDER BY call_at DESC LIMIT %(most_of_group)s)
        UNION ALL
        (SELECT start_day, trace_id, span_id FROM call_analysis
          WHERE project_id = %(project)s AND call_at >= %(since)s AND call_at < %(until)s
            AND (%(cluster)s::bigint IS NULL OR cluster_id IS DISTINCT FROM %(cluster)s)
          ORDER BY call_at DESC LIMIT %(most_of_others)s)
    ), measured AS (
        SELECT a.trace_id, a.span_id, a.call_at, a.text, 1 - (a.embedding <=> %(vector)s::halfvec) AS likeness
          FROM looked_at l JOIN call_analysis a
            ON a.project_id = %(project)s AND a.start_day = l.start_day AND a.trace_id = l.trace_id AND a.span_id = l.span_id
         WHERE a.embedding IS NOT NULL AND a.embedding_version = %(version)s AND a.trace_id <> %(trace)s
    ), nearest AS (
        SELECT DISTINCT ON (trace_id) * FROM (
            SELECT * FROM measured WHERE likeness >= %(least)s ORDER BY likeness DESC LIMIT 500
        ) near ORDER BY trace_id, likeness DESC
    )
    SELECT trace_id, span_id, call_at, text, likeness, (SELECT count(*) FROM looked_at) FROM nearest
     ORDER BY likeness DESC, call_at DESC, trace_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Alike:
    """A call like another one, with the beginning of what was asked; a likeness of 1 is the same question."""

    trace_id: UUID
    span_id: int
    at: datetime
    text: str
    likeness: float

    @property
    def percent(self) -> int:
        return round(max(0.0, min(1.0, self.likeness)) * 100)


@dataclass(frozen=True, slots=True)
class Similar:
    """The calls most like one, the nearest first, out of so many that were compared; `asked` is what the call was about."""

    asked: str
    calls: list[Alike]
    compared_count: int


def call_of(trace: Trace, span_id: int | None = None) -> CallAnalysis | None:
    """Return what is known of a call of the trace that has a vector: the one asked for, or else the last one."""
    rows = CallAnalysis.objects.filter(
        project_id=trace.project_id, trace_id=trace.trace_id, start_day__range=(trace.min_day, trace.max_day),
        embedding__isnull=False,
    )  # fmt: skip
    if span_id is not None:
        rows = rows.filter(span_id=span_id)
    return rows.order_by("-call_at", "span_id").first()


def to(call: CallAnalysis, *, project: Project, since: datetime, until: datetime, limit: int = MOST) -> Similar:
    """Return the calls of a time most like this one, at most one of each trace and none of its own."""
    asked: dict[str, Any] = {
        "project": project.pk, "since": since, "until": until, "cluster": call.cluster_id, "trace": call.trace_id,
        "vector": HalfVector(call.embedding).to_text(), "version": call.embedding_version, "least": _LEAST, "limit": limit,
        "most_of_group": MOST_OF_GROUP, "most_of_others": MOST_OF_OTHERS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, asked)
        rows = cursor.fetchall()
    return Similar(call.text, [Alike(*row[:5]) for row in rows], rows[0][5] if rows else 0)


def traces(project: Project, calls: Iterable[Alike]) -> dict[UUID, Trace]:
    """Return the traces of some calls, by their ids."""
    wanted = [call.trace_id for call in calls]
    return {trace.trace_id: trace for trace in Trace.objects.for_project(project).filter(trace_id__in=wanted)}
