"""Looks at every call: what each was about becomes a vector, so that similar ones can be found.

Each has a lot, a hash of its trace id: a sample of those with low lots never depends on the prompt, the arm, the time or the
worker, and a smaller sample is always part of a larger one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pgvector import HalfVector

from monitoring import embeddings, input_texts
from monitoring.analysis.models import AnalysisProgress, CallAnalysis
from monitoring.kinds import Kind
from monitoring.models import Span

PLAN_KIND, RUN_KIND = "analysis.plan", "analysis.run"
WINDOW = timedelta(days=14)
ALL = 2**32
KEPT_CHARS = 500
RUN_SECONDS = 15.0
_AT_ONCE = 200
_COPIED = (
    "project_id", "start_day", "trace_id", "span_id", "duration_ns", "ttft_ns", "cost_nano_usd", "input_tokens", "output_tokens",
    "prompt_name", "prompt_version", "environment", "release", "service", "model", "user_id", "session_id", "arm", "status",
    "rollout_id", "unit_bucket",
)  # fmt: skip
# A trace is complete, as a rule, when it is this old; one that arrives later than the second is not looked at.
_SETTLED, _LATE = timedelta(seconds=30), timedelta(minutes=10)

# Eight hexadecimal digits of the hash of a row `t` of trace: the same number as draw_of().
DRAW = "('x' || left(encode(sha256(uuid_send(t.trace_id)), 'hex'), 8))::bit(32)::bigint"
_CANDIDATES = """
    SELECT trace_id, min_day, max_day, started_at FROM trace t
     WHERE project_id = %(project)s AND started_at >= %(since)s AND started_at < %(until)s AND call_count > 0
       AND NOT EXISTS (SELECT FROM call_analysis a WHERE a.project_id = t.project_id AND a.trace_id = t.trace_id)
     ORDER BY started_at, trace_id LIMIT %(limit)s
"""
# Which projects have calls that nobody looked at; one index look-up for each project.
_WAITING = """
    SELECT p.id FROM project p LEFT JOIN analysis_progress a ON a.project_id = p.id
     CROSS JOIN LATERAL (
        SELECT started_at FROM trace t WHERE t.project_id = p.id AND t.started_at < %(until)s
         ORDER BY t.started_at DESC LIMIT 1
     ) newest
     WHERE newest.started_at >= greatest(coalesce(a.until_at, %(since)s), %(since)s)
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to when calls were looked at, and how far behind the newest call that is."""

    until_at: datetime | None
    lag_seconds: float


def draw_of(trace_id: UUID) -> int:
    """Return the lot of a trace: a number below 2^32 that depends on nothing but its id."""
    return int.from_bytes(sha256(trace_id.bytes).digest()[:4], "big")


def waiting() -> list[int]:
    """Return the projects that have calls which nobody looked at yet."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"until": now - _SETTLED, "since": now - WINDOW})
        return [row[0] for row in cursor.fetchall()]


def run(*, project_id: int, seconds: float = RUN_SECONDS) -> bool:
    """Look at calls that nobody looked at yet, as many as the time allows; tell whether some are left."""
    now, deadline = timezone.now(), time.monotonic() + seconds
    until = now - _SETTLED
    since = max(_until_at(project_id, now) - _LATE, now - WINDOW)
    while time.monotonic() < deadline:
        traces = _candidates(project_id, since, until)
        _look_at(project_id, traces)
        if len(traces) < _AT_ONCE:
            _note(project_id, until)
            return False
        since = traces[-1][3]
        _note(project_id, since)
    return True


def progress(*, project_id: int) -> Progress:
    """Return how far the look at the project's calls has come."""
    row = AnalysisProgress.objects.filter(project_id=project_id).first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT started_at FROM trace WHERE project_id = %s ORDER BY started_at DESC LIMIT 1", [project_id]
        )
        newest = cursor.fetchone()
    if newest is None or row is None:
        return Progress(row.until_at if row else None, 0.0)
    return Progress(row.until_at, max(0.0, (newest[0] - row.until_at).total_seconds()))


def _until_at(project_id: int, now: datetime) -> datetime:
    row = AnalysisProgress.objects.filter(project_id=project_id).first()
    return row.until_at if row else now - WINDOW


def _note(project_id: int, until: datetime) -> None:
    AnalysisProgress.objects.update_or_create(project_id=project_id, defaults={"until_at": until, "ran_at": Now()})


def _candidates(project_id: int, since: datetime, until: datetime) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {"project": project_id, "since": since, "until": until, "limit": _AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, values)
        return list(cursor.fetchall())


def _look_at(project_id: int, traces: Sequence[tuple[Any, ...]]) -> None:
    spans = _calls_of(project_id, traces)
    if not spans:
        return
    inputs = [input_texts.of_call(span) for span in spans]
    texts = ["\n".join(parts) for parts in inputs]
    vectors = input_texts.vectors(inputs)
    version = embeddings.version()
    rows = [
        CallAnalysis(
            **_facts(span), text=text[:KEPT_CHARS], embedding=HalfVector(vector) if text else None,
            embedding_version=version,
        )
        for span, text, vector in zip(spans, texts, vectors, strict=True)
    ]  # fmt: skip
    # Another worker may have looked at the same trace, or somebody deleted it meanwhile.
    CallAnalysis.objects.bulk_create(rows, ignore_conflicts=True)


def _facts(span: Span) -> dict[str, Any]:
    """Return what problems are told apart by, as the call says it."""
    return {"call_at": span.sort_at, "draw": draw_of(span.trace_id), **{name: getattr(span, name) for name in _COPIED}}


def _calls_of(project_id: int, traces: Sequence[tuple[Any, ...]]) -> list[Span]:
    """Return the calls of the traces."""
    if not traces:
        return []
    return list(
        Span.objects.filter(
            project_id=project_id, trace_id__in=[row[0] for row in traces], kind=Kind.LLM,
            start_day__range=(min(row[1] for row in traces), max(row[2] for row in traces)),
        ).defer("output", "events", "metadata").order_by("trace_id", "start_ns")
    )  # fmt: skip
