"""Traces for applications that may read everything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from monitoring import trace_reading, trace_search
from monitoring.kinds import Kind, Status
from monitoring.models import Score, Span, Trace, span_hex
from monitoring.trace_filters import Outcome, TraceFilter
from monitoring.trace_messages import loaded
from projects.models import Project
from projects.roles import Scope
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Traces"])

MAX_LIMIT = 200
SPANS_PER_ANSWER = 1_000
DEFAULT_DAYS = 30


@router.get("/traces", auth=KeyAuth(Scope.API_READ), summary="List traces, newest first")
def list_traces(
    request: HttpRequest,
    limit: int = Query(50, ge=1, le=MAX_LIMIT),
    cursor: str = "",
    environment: str = "",
    model: str = "",
    prompt: str = "",
    user: str = "",
    session: str = "",
    status: str = "",
    q: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, Any]:
    """One page of the matching traces of the last 30 days (or between `start` and `end`); go on with `next` as `cursor`."""
    if status not in ("", Outcome.OK, Outcome.ERROR):
        raise ApiError(422, "The status must be «ok» or «error».")
    place = trace_search.parse_cursor(cursor) if cursor else None
    if cursor and place is None:
        raise ApiError(422, "The cursor is not one that this list gave out.")
    now = timezone.now()
    wanted = TraceFilter(
        start=start or now - timedelta(days=DEFAULT_DAYS), end=end or now + timedelta(days=1), text=q,
        status=Outcome(status), environment=environment, prompt=prompt, model=model, user=user, session=session,
    )  # fmt: skip
    page = trace_search.page(project=_project(request), wanted=wanted, older_than=place, limit=limit)
    return {"items": [_summary(trace) for trace in page.traces], "next": str(page.older) if page.older else None}


@router.get("/traces/{trace_id}", auth=KeyAuth(Scope.API_READ), summary="One trace with its spans and scores")
def get_trace(request: HttpRequest, trace_id: str, after: str = "") -> dict[str, Any]:
    """The trace and its first 1,000 spans in the order they began; `next_span` goes into `after` for the rest."""
    project = _project(request)
    trace = Trace.objects.for_project(project).filter(trace_id=_uuid(trace_id)).first()
    if trace is None:
        raise ApiError(404, "This trace does not exist, or it belongs to another project.")
    last = trace_reading.span_of(trace, _span_number(after)) if after else None
    spans = trace_reading.spans_after(trace, last=last, limit=SPANS_PER_ANSWER + 1)
    scores = trace_reading.scores_of(project=project, trace_id=trace.trace_id)
    return {
        **_summary(trace),
        "spans": [_span(span) for span in spans[:SPANS_PER_ANSWER]],
        "next_span": spans[SPANS_PER_ANSWER - 1].hex_id if len(spans) > SPANS_PER_ANSWER else None,
        "scores": [_score(score) for score in scores],
    }


def _project(request: HttpRequest) -> Project:
    return Project(pk=caller_of(request).project_id)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ApiError(404, "A trace id has 32 hexadecimal digits.") from error


def _span_number(text: str) -> int:
    try:
        return int.from_bytes(bytes.fromhex(text), "big", signed=True)
    except ValueError as error:
        raise ApiError(422, "A span id has 16 hexadecimal digits.") from error


def _summary(trace: Trace) -> dict[str, Any]:
    return {
        "trace_id": trace.hex_id, "name": trace.name, "started_at": trace.started_at.isoformat(),
        "duration_ms": trace.duration_ms, "status": "error" if trace.has_errors else "ok", "environment": trace.environment,
        "release": trace.release, "session_id": trace.session_id, "user_id": trace.user_id, "model": trace.model,
        "prompt_name": trace.prompt_name, "prompt_version": trace.prompt_version or None, "span_count": trace.span_count,
        "call_count": trace.call_count, "input_tokens": trace.input_tokens, "output_tokens": trace.output_tokens,
        "cost_usd": trace.cost_usd, "thumbs_up": trace.thumbs_up, "thumbs_down": trace.thumbs_down,
        "input_preview": trace.input_preview, "output_preview": trace.output_preview,
    }  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {
        "span_id": span.hex_id, "parent_span_id": span.parent_hex_id or None, "name": span.name, "kind": Kind(span.kind).label,
        "status": Status(span.status).name.lower(), "status_message": span.status_message, "start_ns": span.start_ns,
        "end_ns": span.end_ns, "duration_ms": span.duration_ms, "model": span.model, "provider": span.provider,
        "prompt_name": span.prompt_name, "prompt_version": span.prompt_version or None, "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens, "cost_usd": span.cost_usd, "input": loaded(span.input),
        "output": loaded(span.output), "attributes": span.attribute_values(), "metadata": loaded(span.metadata),
        "events": loaded(span.events),
    }  # fmt: skip


def _score(score: Score) -> dict[str, Any]:
    return {
        "id": str(score.id), "span_id": span_hex(score.span_id) if score.span_id is not None else None, "name": score.name,
        "data_type": score.data_type, "source": score.source, "value": score.value, "string_value": score.string_value,
        "comment": score.comment, "user_id": score.user_id or None, "created_at": score.created_at.isoformat(),
    }  # fmt: skip
