"""Looked-at calls as rows, written by the thousand, with the traces and retriever spans that belong to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from monitoring.analysis.flags import bit_of
from monitoring.analysis.models import CallAnalysis
from monitoring.kinds import Kind
from monitoring.streams.scopes import DISLIKED
from projects.models import Project
from tests.monitoring.factories import make_span, send

_TRACE = """
    INSERT INTO trace (project_id, trace_id, started_at, received_at, min_day, max_day, start_ns, end_ns, input_tokens,
        output_tokens, cost_nano_usd, span_count, call_count, error_count, unpriced_count, prompt_version, thumbs_down, arm, has_root,
        name, environment, release, service, model, prompt_name, session_id, user_id, input_preview, output_preview)
    SELECT %s, id, at, at, at::date, at::date, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, thumbs_down, 0, true,
        '', '', '', '', '', '', '', '', '', ''
      FROM unnest(%s::uuid[], %s::timestamptz[], %s::integer[]) AS t (id, at, thumbs_down)
"""


def look_at(project: Project, calls: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Store calls as the analysis leaves them: each is `at`, and `bad` names its signals; everything else is a column."""
    made = [{"trace_id": uuid4(), **call} for call in calls]
    disliked = [int(DISLIKED in call.get("bad", ())) for call in made]
    with connection.cursor() as cursor:
        ids, times = [call["trace_id"] for call in made], [call["at"] for call in made]
        cursor.execute(_TRACE, [project.pk, ids, times, disliked])
    CallAnalysis.objects.bulk_create(
        [_row(project, call, number) for number, call in enumerate(made)], batch_size=2_000
    )
    return [call["trace_id"] for call in made]


def retrieve(
    project: Project,
    trace_ids: Sequence[UUID],
    *,
    at: Sequence[datetime],
    found: Sequence[Any],
    name: str = "find pages",
) -> None:
    """Store the span of a retriever in each trace."""
    spans = [
        make_span(trace_id=trace_id.hex, kind=Kind.RETRIEVER, name=name, at=moment, asked="?", answered=one)
        for trace_id, moment, one in zip(trace_ids, at, found, strict=True)
    ]
    for first in range(0, len(spans), 500):
        send(project, *spans[first : first + 500])


def _row(project: Project, call: Mapping[str, Any], number: int) -> CallAnalysis:
    flags = 0
    for signal in call.get("bad", ()):
        flags |= 0 if signal == DISLIKED else int(bit_of(signal))
    columns = {name: value for name, value in call.items() if name not in ("at", "bad", "trace_id")}
    return CallAnalysis(
        project=project, start_day=call["at"].date(), trace_id=call["trace_id"], span_id=number + 1, call_at=call["at"],
        draw=number, flags=flags, **columns,
    )  # fmt: skip
