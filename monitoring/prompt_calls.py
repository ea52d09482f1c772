"""Real calls of a prompt: what was filled into its blanks, what was answered, and what the user thought of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max

from monitoring import trace_prompts
from monitoring.kinds import Kind
from monitoring.models import Span
from projects.models import Project

MOST_CALLS = 100
# Traffic runs on the newest versions; older ones are looked at one by one on the page of traces.
_VERSIONS = 20
# Of so many traces the calls are read to find the longest.
_LONGEST = 20

_BY_VERSION = """
    SELECT found.* FROM (
        SELECT DISTINCT v.number FROM prompt_version v JOIN prompt p ON p.id = v.prompt_id
         WHERE p.project_id = %(project)s AND p.name = %(name)s AND (%(version)s = 0 OR v.number = %(version)s)
         ORDER BY v.number DESC LIMIT %(versions)s
    ) numbers CROSS JOIN LATERAL (
        SELECT trace_id, min_day, max_day, thumbs_up, thumbs_down, started_at, input_tokens FROM trace
         WHERE project_id = %(project)s AND prompt_name = %(name)s AND prompt_version = numbers.number
         ORDER BY started_at DESC LIMIT %(limit)s
    ) found ORDER BY found.started_at DESC LIMIT %(limit)s
"""
_DISLIKED = """
    SELECT trace_id, min_day, max_day, thumbs_up, thumbs_down, started_at, input_tokens FROM trace
     WHERE project_id = %(project)s AND prompt_name = %(name)s AND thumbs_down > 0
       AND (%(version)s = 0 OR prompt_version = %(version)s)
     ORDER BY started_at DESC LIMIT %(limit)s
"""
_ONE = """
    SELECT trace_id, min_day, max_day, thumbs_up, thumbs_down, started_at, input_tokens FROM trace
     WHERE project_id = %(project)s AND trace_id = %(trace_id)s
"""
_OF_TRACES = """
    SELECT trace_id, min_day, max_day, thumbs_up, thumbs_down, started_at, input_tokens FROM trace
     WHERE project_id = %(project)s AND prompt_name = %(name)s AND trace_id = ANY(%(traces)s)
     ORDER BY started_at DESC LIMIT %(limit)s
"""


class Which(StrEnum):
    """Which calls of the prompt to look at."""

    NEWEST = "newest"
    DISLIKED = "disliked"


@dataclass(frozen=True, slots=True)
class PromptCall:
    """One call that an application made with the prompt. `input` and `output` are as stored (see trace_messages)."""

    trace_id: UUID
    span_id: int
    at: datetime
    version: int
    variables: dict[str, str]
    input: str | None
    output: str | None
    service: str
    environment: str
    model: str
    duration_ms: float
    cost_usd: float | None
    is_error: bool
    thumbs_up: int
    thumbs_down: int


def recent(
    *, project: Project, prompt_name: str, which: Which = Which.NEWEST, version: int = 0, limit: int = 20
) -> list[PromptCall]:
    """Return the newest calls of the prompt, newest first: the last call on it of each trace; `version` 0 means any."""
    traces = _traces(project, prompt_name, which, version, limit)
    spans = _last_spans(project, prompt_name, version, traces)
    return [_call(spans[trace_id], *row[3:5]) for trace_id, row in traces.items() if trace_id in spans]


def traces_of(*, project: Project, prompt_name: str, which: Which = Which.NEWEST, limit: int = 20) -> list[UUID]:
    """Return the traces of the newest calls of the prompt, without reading the calls."""
    return list(_traces(project, prompt_name, which, 0, limit))


def of_trace(*, project: Project, prompt_name: str, trace_id: UUID) -> PromptCall | None:
    """Return the last call of the prompt in a trace."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, {"project": project.pk, "trace_id": trace_id})
        traces = {row[0]: row for row in cursor.fetchall()}
    spans = _last_spans(project, prompt_name, 0, traces)
    return _call(spans[trace_id], *traces[trace_id][3:5]) if trace_id in spans else None


def of_traces(*, project: Project, prompt_name: str, trace_ids: Sequence[UUID]) -> list[PromptCall]:
    """Return the last call of the prompt in each of these traces, newest first."""
    values: dict[str, Any] = {
        "project": project.pk, "name": prompt_name, "traces": list(trace_ids), "limit": MOST_CALLS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OF_TRACES, values)
        traces = {row[0]: row for row in cursor.fetchall()}
    spans = _last_spans(project, prompt_name, 0, traces)
    return [_call(spans[trace_id], *row[3:5]) for trace_id, row in traces.items() if trace_id in spans]


def longest_input(
    *, project: Project, prompt_name: str, traces: Mapping[UUID, tuple[date, date, int]] | None = None
) -> int | None:
    """Return how many tokens the longest question of the prompt had, in some traces or in the newest; None: nobody knows.

    Traces are given with their first and last day and with all the tokens that were read in them.
    """
    if traces is None:
        found = _traces(project, prompt_name, Which.NEWEST, 0, MOST_CALLS)
        traces = {trace_id: (row[1], row[2], row[6]) for trace_id, row in found.items()}
    # No call reads more than its whole trace.
    longest = dict(sorted(traces.items(), key=lambda item: item[1][2], reverse=True)[:_LONGEST])
    if not longest:
        return None
    days = [day for first, last, _ in longest.values() for day in (first, last)]
    spans = Span.objects.filter(
        project_id=project.pk, start_day__range=(min(days), max(days)), trace_id__in=list(longest),
        prompt_name=prompt_name, kind=Kind.LLM,
    )  # fmt: skip
    return spans.aggregate(most=Max("input_tokens"))["most"] or None


def senders(*, project: Project, prompt_name: str, limit: int = 20) -> dict[str, list[str]]:
    """Return which applications filled each blank in the newest calls, by the blank's name."""
    found: dict[str, set[str]] = defaultdict(set)
    traces = _traces(project, prompt_name, Which.NEWEST, 0, limit)
    for span in _last_spans(project, prompt_name, 0, traces, "input", "output").values():
        for name in trace_prompts.variables_of(span):
            found[name].add(span.service)
    return {name: sorted(services - {""}) for name, services in found.items()}


def _traces(project: Project, prompt_name: str, which: Which, version: int, limit: int) -> dict[UUID, tuple[Any, ...]]:
    query = _DISLIKED if which == Which.DISLIKED else _BY_VERSION
    values: dict[str, str | int] = {
        "project": project.pk, "name": prompt_name, "version": version, "versions": _VERSIONS,
        "limit": max(1, min(limit, MOST_CALLS)),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return {row[0]: row for row in cursor.fetchall()}


def _last_spans(
    project: Project, prompt_name: str, version: int, traces: dict[UUID, tuple[Any, ...]], *unread: str
) -> dict[UUID, Span]:
    if not traces:
        return {}
    days = [day for row in traces.values() for day in row[1:3]]
    spans = Span.objects.filter(
        project_id=project.pk, start_day__range=(min(days), max(days)), trace_id__in=list(traces),
        prompt_name=prompt_name, kind=Kind.LLM,
    ).defer("events", "metadata", *unread).order_by("start_ns")  # fmt: skip
    if version:
        spans = spans.filter(prompt_version=version)
    return {span.trace_id: span for span in spans}


def _call(span: Span, thumbs_up: int, thumbs_down: int) -> PromptCall:
    return PromptCall(
        trace_id=span.trace_id, span_id=span.span_id, at=span.sort_at, version=span.prompt_version,
        variables=trace_prompts.variables_of(span), input=span.input, output=span.output, service=span.service,
        environment=span.environment, model=span.model, duration_ms=span.duration_ms, cost_usd=span.cost_usd,
        is_error=span.is_error, thumbs_up=thumbs_up, thumbs_down=thumbs_down,
    )  # fmt: skip
