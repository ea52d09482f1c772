"""Traces for applications that may read everything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import Field, StringConstraints

from monitoring import trace_reading, trace_search
from monitoring.exploring import language
from monitoring.exploring.terms import Term
from monitoring.kinds import Kind, Status
from monitoring.models import Score, Span, Trace, span_hex, span_number
from monitoring.trace_filters import Outcome, TraceFilter
from monitoring.trace_messages import json_or_text
from projects.models import Project
from projects.roles import Scope
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Traces"])

MAX_LIMIT = 200
SPANS_PER_ANSWER = 1_000
# A span may hold two megabytes of text, so a thousand of them must not travel together.
TEXT_PER_ANSWER = 8 * 1024 * 1024
DEFAULT_DAYS = 30
# A program waits longer than a person, and has to ask less often then.
SEARCH_SECONDS = 0.5
_FEWEST_SPANS, _MOST_SPANS = 5, 50
_LONG_TEXT = 1024 * 1024

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Line = Annotated[str, StringConstraints(max_length=language.MOST_CHARS, pattern=r"^[^\x00]*$")]


@router.get("/traces", auth=KeyAuth(Scope.API_READ), summary="List traces, newest first")
def list_traces(
    request: HttpRequest,
    limit: Limit = 50,
    cursor: Name = "",
    environment: Name = "",
    model: Name = "",
    prompt: Name = "",
    user: Name = "",
    session: Name = "",
    status: Literal["", "ok", "error"] = "",
    q: Name = "",
    filter: Line = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, Any]:
    """One page of the matching traces of the last 30 days (or between `start` and `end`); go on with `next` as `cursor`.

    `filter` is a line as Explore has it, such as `flag:refused cost:>0.01 metadata.plan:pro`; it counts beside the other parameters.

    A page may hold fewer traces than asked for, even none, while `next` is not null: the search goes on from there.
    """
    place = trace_search.parse_cursor(cursor) if cursor else None
    if cursor and place is None:
        raise ApiError(422, "The cursor is not one that this list gave out.")
    now = timezone.now()
    wanted = TraceFilter(
        start=_aware(start) or now - timedelta(days=DEFAULT_DAYS), end=_aware(end) or now + timedelta(days=1), text=q,
        status=Outcome(status), environment=_environment(request, environment), prompt=prompt, model=model, user=user,
        session=session, terms=_terms(filter),
    )  # fmt: skip
    page = trace_search.page(
        project=_project(request), wanted=wanted, older_than=place, limit=limit, seconds=SEARCH_SECONDS
    )
    return {"items": [_summary(trace) for trace in page.traces], "next": str(page.older) if page.older else None}


@router.get("/traces/{trace_id}", auth=KeyAuth(Scope.API_READ), summary="One trace with its spans and scores")
def get_trace(request: HttpRequest, trace_id: str, after: str = "") -> dict[str, Any]:
    """The trace with its first spans in the order they began; while `next_span` is not null, send it as `after`."""
    return document_of(request, trace_id, after=after)


def document_of(request: HttpRequest, trace_id: str, *, after: str, most_text: int = TEXT_PER_ANSWER) -> dict[str, Any]:
    """Return a trace that the key may read, with as many spans as come to this much text."""
    trace = _trace(request, trace_id)
    last = _last_span(trace, after) if after else None
    spans, has_more = _spans(trace, last, most_text)
    scores = trace_reading.scores_of(project=_project(request), trace_id=trace.trace_id)
    return {
        **_summary(trace),
        "spans": [_span(span) for span in spans],
        "next_span": spans[-1].hex_id if has_more else None,
        "scores": [_score(score) for score in scores],
    }


def _terms(line: str) -> tuple[Term, ...]:
    """Return what a line of filters says; a program that writes one wrong must not get traces it did not ask for."""
    parsed = language.parse(line, is_exact=True)
    if parsed.problems:
        wrong = " ".join(f"At «{line[one.start : one.end][:60]}»: {one.text}" for one in parsed.problems)
        raise ApiError(422, f"The filter makes no sense. {wrong}")
    return parsed.terms


def _project(request: HttpRequest) -> Project:
    return Project(pk=caller_of(request).project_id)


def _environment(request: HttpRequest, asked: str) -> str:
    """Return the environment to read; a key bound to one reads no other."""
    bound = caller_of(request).environment
    if bound and asked and asked != bound:
        raise ApiError(403, f"This API key reads the environment «{bound}» only.")
    return bound or asked


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _trace(request: HttpRequest, trace_id: str) -> Trace:
    try:
        wanted = UUID(trace_id)
    except ValueError as error:
        raise ApiError(404, "A trace id has 32 hexadecimal digits.") from error
    traces = Trace.objects.for_project(_project(request)).filter(trace_id=wanted)
    if bound := caller_of(request).environment:
        traces = traces.filter(environment=bound)
    trace = traces.first()
    if trace is None:
        raise ApiError(404, "This trace does not exist, or it belongs to another project.")
    return trace


def _last_span(trace: Trace, hex_id: str) -> Span:
    span = None
    if len(hex_id) == 16:
        try:
            span = trace_reading.span_of(trace, span_number(hex_id))
        except ValueError:
            span = None
    if span is None:
        raise ApiError(422, "«after» must be a span id that this trace gave out as «next_span».")
    return span


def _spans(trace: Trace, last: Span | None, most_text: int) -> tuple[list[Span], bool]:
    """Return the spans of one answer, and whether more follow."""
    found: list[Span] = []
    total, size = 0, _FEWEST_SPANS
    while len(found) < SPANS_PER_ANSWER and total < most_text:
        some = trace_reading.spans_after(trace, last=last, limit=size)
        found += some
        length = _text_length(some)
        total += length
        if len(some) < size:
            return found, False
        last, size = some[-1], _FEWEST_SPANS if length > _LONG_TEXT else min(size * 2, _MOST_SPANS)
    return found, bool(trace_reading.spans_after(trace, last=last, limit=1))


def _text_length(spans: Sequence[Span]) -> int:
    return sum(len(text or "") for span in spans for text in (span.input, span.output, span.attributes, span.events))


def _summary(trace: Trace) -> dict[str, Any]:
    return {
        "trace_id": trace.hex_id, "name": trace.name, "started_at": trace.started_at.isoformat(),
        "duration_ms": trace.duration_ms, "status": "error" if trace.has_errors else "ok", "environment": trace.environment,
        "release": trace.release, "session_id": trace.session_id, "user_id": trace.user_id, "model": trace.model,
        "prompt_name": trace.prompt_name, "prompt_version": trace.prompt_version or None, "span_count": trace.span_count,
        "call_count": trace.call_count, "input_tokens": trace.input_tokens, "output_tokens": trace.output_tokens,
        "cost_usd": trace.cost_usd, "unpriced_call_count": trace.unpriced_count, "thumbs_up": trace.thumbs_up,
        "thumbs_down": trace.thumbs_down, "input_preview": trace.input_preview, "output_preview": trace.output_preview,
    }  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {
        "span_id": span.hex_id, "parent_span_id": span.parent_hex_id or None, "name": span.name, "kind": Kind(span.kind).label,
        "status": Status(span.status).name.lower(), "status_message": span.status_message, "start_ns": span.start_ns,
        "end_ns": span.end_ns, "duration_ms": span.duration_ms, "model": span.model, "provider": span.provider,
        "prompt_name": span.prompt_name, "prompt_version": span.prompt_version or None, "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens, "cost_usd": span.cost_usd, "input": json_or_text(span.input),
        "output": json_or_text(span.output), "attributes": span.attribute_values(), "metadata": json_or_text(span.metadata),
        "events": json_or_text(span.events) or [],
    }  # fmt: skip


def _score(score: Score) -> dict[str, Any]:
    return {
        "id": str(score.id), "span_id": span_hex(score.span_id) if score.span_id is not None else None, "name": score.name,
        "data_type": score.data_type, "source": score.source, "value": score.value, "string_value": score.string_value,
        "comment": score.comment, "user_id": score.user_id or None, "created_at": score.created_at.isoformat(),
    }  # fmt: skip
