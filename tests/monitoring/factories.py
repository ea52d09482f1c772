"""Spans as applications send them, stored through the real receiver, with defaults that tests override."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.utils import timezone

from monitoring import scores
from monitoring.ingest.rows import Sender
from monitoring.ingest.spans import RawEvent, RawSpan
from monitoring.ingest.store import Stored, store
from monitoring.kinds import Kind, Status
from projects.models import Project


def new_trace_id() -> str:
    return secrets.token_hex(16)


def new_span_id() -> str:
    return secrets.token_hex(8)


def make_span(
    *,
    trace_id: str = "",
    span_id: str = "",
    parent_id: str = "",
    name: str = "chat",
    kind: Kind = Kind.LLM,
    at: datetime | None = None,
    took_ms: float = 900,
    error: str = "",
    model: str = "gpt-5-mini",
    prompt: str = "",
    version: int = 0,
    session: str = "",
    user: str = "",
    environment: str = "production",
    service: str = "support-api",
    asked: Any = None,
    answered: Any = None,
    tokens: tuple[int, int] | None = (120, 40),
    cost_usd: float | None = None,
    attributes: dict[str, Any] | None = None,
    events: Sequence[RawEvent] = (),
    marks: int = 0,
) -> RawSpan:
    """Return one span as the receiver decodes it; `asked` and `answered` are texts, or lists of messages for calls."""
    start = at or timezone.now() - timedelta(minutes=1)
    start_ns = int(start.timestamp() * 1_000_000) * 1000
    sent: dict[str, Any] = {"callboard.kind": kind.label}
    if kind == Kind.LLM:
        sent |= _call_attributes(model, tokens, asked, answered)
    else:
        sent |= {key: value for key, value in (("input.value", asked), ("output.value", answered)) if value is not None}
    optional = {
        "gen_ai.prompt.name": prompt, "gen_ai.prompt.version": version, "session.id": session, "user.id": user,
        "gen_ai.usage.cost": cost_usd, "error.type": error,
    }  # fmt: skip
    sent |= {key: value for key, value in optional.items() if value not in ("", 0, None)} | (attributes or {})
    return RawSpan(
        trace_id=bytes.fromhex(trace_id or new_trace_id()), span_id=bytes.fromhex(span_id or new_span_id()),
        parent_id=bytes.fromhex(parent_id), name=name, start_ns=start_ns, end_ns=start_ns + int(took_ms * 1e6),
        status=int(Status.ERROR if error else Status.OK), status_message=error, attributes=sent,
        resource={"service.name": service, "service.version": "2026.11", "deployment.environment.name": environment},
        scope="callboard", events=list(events), marks=marks,
    )  # fmt: skip


def send(project: Project, *spans: RawSpan) -> Stored:
    """Store spans as if they had just arrived."""
    return store(spans, Sender(project_id=project.pk, environment="", received_at=timezone.now()))


def make_trace(project: Project, **fields: Any) -> str:
    """Store a trace of one call and return its id."""
    trace_id = fields.pop("trace_id", "") or new_trace_id()
    send(project, make_span(trace_id=trace_id, **fields))
    return trace_id


def rate(
    project: Project, trace_id: str, *, up: bool = False, span_id: str = "", user: str = "", comment: str = ""
) -> None:
    """Store a user's thumb on a trace, or on one of its spans."""
    item = {
        "trace_id": trace_id, "span_id": span_id, "name": "thumbs", "data_type": "thumbs", "value": int(up),
        "user_id": user or secrets.token_hex(4), "comment": comment, "source": "user",
    }  # fmt: skip
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])


def _call_attributes(model: str, tokens: tuple[int, int] | None, asked: Any, answered: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"gen_ai.request.model": model, "gen_ai.provider.name": "openai"}
    if tokens:
        sent |= {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    for key, role, said in (("input", "user", asked), ("output", "assistant", answered)):
        if said is not None:
            messages = (
                said if isinstance(said, list) else [{"role": role, "parts": [{"type": "text", "content": said}]}]
            )
            sent[f"gen_ai.{key}.messages"] = orjson.dumps(messages).decode()
    return sent
