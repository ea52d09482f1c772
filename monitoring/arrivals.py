"""What arrived in a project, what became of it, and who sent it, read from the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring import usage_periods
from projects.models import Project

MOST_REASONS = 20
MOST_SENDERS = 50
QUARANTINE_KEPT_FOR = timedelta(days=7)
_CHUNK = 100
_LAG_TRACES, _LAG_SPANS = 200, 2_000
_COUNTERS = ("accepted", "duplicate", "merged", "rejected", "cleaned", "truncated", "dropped_by_client", "bytes")
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in _COUNTERS)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the spans that came; every number but `bytes` counts spans."""

    stored: int = 0
    duplicate: int = 0
    merged: int = 0
    rejected: int = 0
    cleaned: int = 0
    truncated: int = 0
    dropped_by_client: int = 0
    bytes: int = 0

    @property
    def arrived(self) -> int:
        return self.stored + self.duplicate + self.merged + self.rejected


@dataclass(frozen=True, slots=True)
class Signal:
    """Requests with logs or metrics."""

    requests: int = 0
    records: int = 0
    stored: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why spans were rejected, how many of them are kept, and when that happened last."""

    words: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """A program that sends with one key."""

    key_name: str
    key_id: str
    client: str
    first_at: datetime
    last_at: datetime
    skew_ms: int | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One rejected span."""

    id: int
    received_at: datetime
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The time between the end of a span and its arrival, by the clocks of both machines."""

    p50_ms: float
    p95_ms: float
    span_count: int


def counts(*, project: Project, start: datetime, end: datetime) -> Counts:
    """Return what became of everything that came in a time range."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_SUMS} FROM ingest_minute WHERE project_id = %s AND at >= %s AND at < %s",
            [project.pk, start, end],
        )
        return Counts(*cursor.fetchone())


def series(*, project: Project, start: datetime, end: datetime) -> list[tuple[datetime, Counts]]:
    """Return the same over time, with zeros where nothing came."""
    period = usage_periods.fit(start, end)
    values: list[Any] = [period.step, usage_periods.ORIGIN, project.pk, period.start, end]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT date_bin(%s, at, %s) AS moment, {_SUMS} FROM ingest_minute "
            "WHERE project_id = %s AND at >= %s AND at < %s GROUP BY moment",
            values,
        )
        found = {row[0]: Counts(*row[1:]) for row in cursor.fetchall()}
    return [(moment, found.get(moment, Counts())) for moment in period.moments]


def signals(*, project: Project, start: datetime, end: datetime) -> dict[str, Signal]:
    """Return the requests with logs and with metrics."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT signal, sum(requests)::bigint, sum(records)::bigint, sum(stored)::bigint, sum(bytes)::bigint "
            "FROM ingest_signal_minute WHERE project_id = %s AND at >= %s AND at < %s GROUP BY signal",
            [project.pk, start, end],
        )
        found = {row[0]: Signal(*row[1:]) for row in cursor.fetchall()}
    return {name: found.get(name, Signal()) for name in ("logs", "metrics")}


def reasons(*, project: Project, start: datetime, end: datetime) -> list[Reason]:
    """Return why spans were rejected, the most frequent reason first; reaches back seven days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reason, count(*), max(received_at) FROM quarantined_span "
            "WHERE project_id = %s AND received_at >= %s AND received_at < %s GROUP BY reason ORDER BY 2 DESC, 1 LIMIT %s",
            [project.pk, start, end, MOST_REASONS],
        )
        return [Reason(*row) for row in cursor.fetchall()]


def quarantined(*, project: Project, start: datetime, end: datetime, limit: int) -> list[Quarantined]:
    """Return the newest rejected spans."""
    return _quarantined(project, start, end, before=None, limit=limit)


def all_quarantined(*, project: Project, start: datetime, end: datetime) -> Iterator[Quarantined]:
    """Yield every rejected span that is kept, newest first."""
    before: int | None = None
    while chunk := _quarantined(project, start, end, before=before, limit=_CHUNK):
        yield from chunk
        before = chunk[-1].id


def senders(*, project: Project) -> list[Sender]:
    """Return who sent something in the last 90 days, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(k.name, ''), s.key_id, s.client, s.first_at, s.last_at, s.skew_ms FROM ingest_sender s "
            "LEFT JOIN api_key k ON k.project_id = s.project_id AND k.key_id = s.key_id "
            "WHERE s.project_id = %s ORDER BY s.last_at DESC LIMIT %s",
            [project.pk, MOST_SENDERS],
        )
        return [Sender(*row) for row in cursor.fetchall()]


def lag(*, project: Project, start: datetime, end: datetime) -> Lag | None:
    """Return how late spans arrive, measured on the newest traces of a time range; None when there are none."""
    traces = _newest_traces(project, start, end)
    if not traces:
        return None
    with connection.cursor() as cursor:
        # The days stand in the statement, so that the planner opens only the partitions these traces touch.
        cursor.execute(
            """
            SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY late_ms), count(*) FROM (
                SELECT extract(epoch FROM received_at)::float8 * 1000 - end_ns / 1e6 AS late_ms FROM span
                WHERE project_id = %s AND start_day BETWEEN %s AND %s AND trace_id = ANY(%s) AND end_ns > 0 LIMIT %s
            ) sampled
            """,
            [
                project.pk, min(row[1] for row in traces), max(row[2] for row in traces), [row[0] for row in traces], _LAG_SPANS,
            ],
        )  # fmt: skip
        late, count = cursor.fetchone()
    return Lag(p50_ms=late[0], p95_ms=late[1], span_count=count) if count else None


def _newest_traces(project: Project, start: datetime, end: datetime) -> Sequence[tuple[uuid.UUID, Any, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trace_id, min_day, max_day FROM trace WHERE project_id = %s AND started_at >= %s AND started_at < %s "
            "ORDER BY started_at DESC, trace_id DESC LIMIT %s",
            [project.pk, start, end, _LAG_TRACES],
        )
        return list(cursor.fetchall())


def _quarantined(
    project: Project, start: datetime, end: datetime, *, before: int | None, limit: int
) -> list[Quarantined]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, received_at, reason, content FROM quarantined_span WHERE project_id = %s AND received_at >= %s "
            "AND received_at < %s AND (%s::bigint IS NULL OR id < %s) ORDER BY id DESC LIMIT %s",
            [project.pk, start, end, before, before, limit],
        )
        return [Quarantined(*row) for row in cursor.fetchall()]
