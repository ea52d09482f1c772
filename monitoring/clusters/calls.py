"""Reads the calls that clusters are made of, with their vectors, and writes to which cluster each belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.analysis.models import CallAnalysis
from monitoring.clusters.trees import Vectors

NO_CLUSTER = 0
_MOST_FLAGGED, _MOST_OTHERS = 10_000, 20_000
_AT_ONCE = 4_000
# A vector of half floats as PostgreSQL sends it: its length and an unused number, two bytes each, then the values.
_HEADER_BYTES = 4

_RECENT = """
    project_id = %(project)s AND start_day >= %(since)s::date AND call_at >= %(since)s AND embedding_version = %(version)s
    AND embedding IS NOT NULL
"""
_COUNT = f"""
    SELECT count(*) FILTER (WHERE flags <> 0), count(*) FILTER (WHERE flags = 0) FROM call_analysis
     WHERE {_RECENT} AND (cluster_id IS NULL OR NOT %(unassigned)s)
"""
_SAMPLE = f"""
    SELECT start_day, trace_id, span_id, call_at, coalesce(cluster_id, 0), text,
           coalesce(nullif(user_id, ''), nullif(session_id, ''), trace_id::text), halfvec_send(embedding) FROM call_analysis
     WHERE {_RECENT} AND (cluster_id IS NULL OR NOT %(unassigned)s) AND (flags <> 0) = %(flagged)s
     ORDER BY draw, trace_id, span_id LIMIT %(limit)s
"""
_BATCH = f"""
    SELECT start_day, trace_id, span_id, halfvec_send(embedding) FROM call_analysis
     WHERE {_RECENT} AND coalesce(cluster_id, 0) = ANY(%(clusters)s)
       AND (start_day, trace_id, span_id) > (%(day)s, %(trace)s, %(span)s)
     ORDER BY start_day, trace_id, span_id LIMIT %(limit)s
"""
_WRITE = """
    UPDATE call_analysis a SET cluster_id = new.cluster_id
      FROM unnest(%(days)s::date[], %(traces)s::uuid[], %(spans)s::bigint[], %(clusters)s::bigint[])
           AS new (start_day, trace_id, span_id, cluster_id)
     WHERE a.project_id = %(project)s AND a.start_day = new.start_day AND a.trace_id = new.trace_id AND a.span_id = new.span_id
       AND a.cluster_id IS DISTINCT FROM new.cluster_id
"""
_COUNT_MEMBERS = """
    UPDATE cluster c SET call_count = found.calls, first_at = least(c.first_at, found.first_at), last_at = found.last_at
      FROM (SELECT cluster_id, count(*) AS calls, min(call_at) AS first_at, max(call_at) AS last_at FROM call_analysis
             WHERE project_id = %(project)s AND start_day >= %(since)s::date AND call_at >= %(since)s AND cluster_id IS NOT NULL
             GROUP BY cluster_id) found
     WHERE c.project_id = %(project)s AND c.id = found.cluster_id
"""

Key = tuple[date, UUID, int]


@dataclass(frozen=True, slots=True)
class Pool:
    """Which calls are looked at: of one project, in one space, since a moment."""

    project_id: int
    version: str
    since: datetime

    @property
    def values(self) -> dict[str, Any]:
        return {"project": self.project_id, "version": self.version, "since": self.since}


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls, each by its place in all of these; its weight tells how many it stands for."""

    at: list[datetime]
    cluster_ids: NDArray[np.int64]
    texts: list[str]
    people: list[str]
    vectors: Vectors
    weights: NDArray[np.float32]

    def part(self, places: NDArray[np.int64]) -> Calls:
        """Return some of them."""
        chosen = places.tolist()
        return Calls(
            [self.at[place] for place in chosen], self.cluster_ids[places], [self.texts[place] for place in chosen],
            [self.people[place] for place in chosen], self.vectors[places], self.weights[places],
        )  # fmt: skip


def newest_version(project_id: int) -> str:
    """Return the space in which the newest calls of the project lie; empty when none was looked at."""
    found = CallAnalysis.objects.filter(project_id=project_id, embedding__isnull=False).order_by("-call_at")
    return found.values_list("embedding_version", flat=True).first() or ""


def count(pool: Pool, *, is_unassigned: bool) -> tuple[int, int]:
    """Return how many calls there are with flags and how many without."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {**pool.values, "unassigned": is_unassigned})
        [(flagged, others)] = cursor.fetchall()
    return flagged, others


def sample(pool: Pool, *, is_unassigned: bool, only_flagged: bool = False) -> Calls:
    """Return an even sample, and of those with flags a larger one."""
    totals = dict(zip((True, False), count(pool, is_unassigned=is_unassigned), strict=True))
    rows: list[tuple[Any, ...]] = []
    weights: list[float] = []
    for is_flagged, limit in ((True, _MOST_FLAGGED), (False, 0 if only_flagged else _MOST_OTHERS)):
        with connection.cursor() as cursor:
            values: dict[str, Any] = {
                **pool.values,
                "unassigned": is_unassigned,
                "flagged": is_flagged,
                "limit": limit,
            }
            cursor.execute(_SAMPLE, values)
            found = cursor.fetchall()
        rows += found
        weights += [max(1.0, totals[is_flagged] / len(found))] * len(found) if found else []
    return Calls(
        [row[3] for row in rows], np.array([row[4] for row in rows], dtype=np.int64), [row[5] for row in rows],
        [row[6] for row in rows], vectors_of([row[7] for row in rows]), np.array(weights, dtype=np.float32),
    )  # fmt: skip


def batches(pool: Pool, *, cluster_ids: Sequence[int]) -> Iterator[tuple[list[Key], Vectors]]:
    """Yield all calls of some clusters, or with NO_CLUSTER those of none, a few thousand at a time."""
    last: Key = (date.min, UUID(int=0), -(2**63))
    while True:
        values: dict[str, Any] = {
            **pool.values, "clusters": list(cluster_ids), "day": last[0], "trace": last[1], "span": last[2],
            "limit": _AT_ONCE,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_BATCH, values)
            rows = cursor.fetchall()
        if rows:
            last = rows[-1][:3]
            yield [row[:3] for row in rows], vectors_of([row[3] for row in rows])
        if len(rows) < _AT_ONCE:
            return


def write(*, project_id: int, keys: Sequence[Key], cluster_ids: Sequence[int | None]) -> int:
    """Store to which cluster each call belongs; return how many moved."""
    if not keys:
        return 0
    values: dict[str, Any] = {
        "project": project_id, "days": [key[0] for key in keys], "traces": [key[1] for key in keys],
        "spans": [key[2] for key in keys], "clusters": list(cluster_ids),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        return int(cursor.rowcount)


def count_members(*, project_id: int, since: datetime) -> None:
    """Store how many calls each cluster has, and from when to when."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_MEMBERS, {"project": project_id, "since": since})


def vectors_of(sent: Sequence[Any]) -> Vectors:
    """Return unit vectors of what PostgreSQL sends with halfvec_send."""
    if not sent:
        return np.empty((0, 0), dtype=np.float32)
    found = np.stack([np.frombuffer(bytes(one), dtype=">f2", offset=_HEADER_BYTES) for one in sent]).astype(np.float32)
    # Half floats are rounded: the vectors are made unit vectors again.
    unit: Vectors = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))
    return unit
