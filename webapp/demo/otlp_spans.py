"""Writes spans as OpenTelemetry messages, in the attributes that Callboard's own client sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_MS = 1_000_000
OPERATIONS = {
    "llm": "chat",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "chain": "invoke_workflow",
}


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one trace, always the same for the same seed."""

    seed: str

    @property
    def trace(self) -> bytes:
        """Return the trace id."""
        return hashlib.sha256(self.seed.encode()).digest()[:16]

    def span(self, name: str) -> bytes:
        """Return the id of a span of the trace."""
        return hashlib.sha256(f"{self.seed}/{name}".encode()).digest()[:8]


def write_span(
    *,
    ids: Ids,
    key: str,
    parent: str,
    name: str,
    kind: str,
    start_ns: int,
    duration_ms: float,
    attributes: Mapping[str, Any],
    error: tuple[str, str] | None = None,
) -> Span:
    """Return one span; `error` is its type and message."""
    known = {"callboard.kind": kind, "gen_ai.operation.name": OPERATIONS.get(kind), **attributes}
    span = Span(
        trace_id=ids.trace,
        span_id=ids.span(key),
        parent_span_id=ids.span(parent) if parent else b"",
        name=name,
        kind=Span.SPAN_KIND_CLIENT if kind in ("llm", "embedding") else Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + int(duration_ms * _MS),
        attributes=_pairs(known),
    )
    if error is not None:
        _mark_failed(span, *error)
    return span


def _mark_failed(span: Span, kind: str, message: str) -> None:
    span.status.code = Status.STATUS_CODE_ERROR
    span.status.message = message
    span.attributes.extend(_pairs({"error.type": kind}))
    event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
    event.attributes.extend(_pairs({"exception.type": kind, "exception.message": message}))


def request_of(*, spans: Sequence[Span], service: str, environment: str, release: str) -> ExportTraceServiceRequest:
    """Return an export request with the spans of one service."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    facts = {
        "service.name": service,
        "service.version": release,
        "deployment.environment.name": environment,
        "telemetry.sdk.name": "callboard",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": "0.1.0",
    }
    resource.resource.attributes.extend(_pairs(facts))
    scope = resource.scope_spans.add()
    scope.scope.name = "callboard"
    scope.spans.extend(spans)
    return request


def to_messages(messages: Sequence[Mapping[str, str]]) -> str:
    """Return chat messages as the JSON of the GenAI conventions."""
    return _json(
        [{"role": message["role"], "parts": [{"type": "text", "content": message["content"]}]} for message in messages]
    )


def to_answer(text: str, finish_reason: str) -> str:
    """Return an answer as the JSON of the GenAI conventions."""
    parts = [{"type": "text", "content": text}]
    return _json([{"role": "assistant", "parts": parts, "finish_reason": finish_reason}])


def in_and_out(input: Any, output: Any) -> dict[str, str]:
    """Return the attributes of what went into a step and what came out."""
    attributes: dict[str, str] = {}
    for side, value in (("input", input), ("output", output)):
        if value is not None:
            is_text = isinstance(value, str)
            attributes[f"{side}.value"] = value if is_text else _json(value)
            attributes[f"{side}.mime_type"] = "text/plain" if is_text else "application/json"
    return attributes


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in values.items() if value is not None]


def _any(value: Any) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=[_any(item) for item in value]))
