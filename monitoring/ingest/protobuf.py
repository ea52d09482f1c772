"""OTLP protobuf to RawSpan. Hot path: one pass, no generic conversion."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monitoring.ingest import prescan
from monitoring.ingest.cleaning import clean, clean_number, clean_text, is_usable_key
from monitoring.ingest.limits import MAX_DEPTH, MAX_EVENTS, MAX_LINKS, MAX_PIECES, MAX_SPANS
from monitoring.ingest.spans import BodyUnreadable, RawEvent, RawSpan, TooManySpans
from monitoring.kinds import Mark


def decode(body: bytes) -> list[RawSpan]:
    """Return the spans of an ExportTraceServiceRequest."""
    prescan.check_protobuf(body)
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise BodyUnreadable from error
    return spans_of(request)


def spans_of(request: Any) -> list[RawSpan]:
    """Return the spans of a parsed request."""
    found: list[RawSpan] = []
    for resource_spans in request.resource_spans:
        resource, _ = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = clean_text(scope_spans.scope.name)
            if len(found) + len(scope_spans.spans) > MAX_SPANS:
                raise TooManySpans
            found.extend([_span(span, resource, scope) for span in scope_spans.spans])
    return found


def _span(span: Any, resource: dict[str, Any], scope: str) -> RawSpan:
    attributes, marks = _attributes(span.attributes)
    status = span.status
    raw = RawSpan(
        trace_id=span.trace_id, span_id=span.span_id, parent_id=span.parent_span_id, name=clean_text(span.name),
        start_ns=span.start_time_unix_nano, end_ns=span.end_time_unix_nano, status=status.code,
        status_message=clean_text(status.message), attributes=attributes, resource=resource, scope=scope, marks=marks,
    )  # fmt: skip
    if span.events:
        raw.events = [
            RawEvent(clean_text(event.name), event.time_unix_nano, _attributes(event.attributes)[0])
            for event in span.events[:MAX_EVENTS]
        ]
        if len(span.events) > MAX_EVENTS:
            raw.marks |= Mark.TRUNCATED
    if span.links:
        raw.links = [_link(link) for link in span.links[:MAX_LINKS]]
        if len(span.links) > MAX_LINKS:
            raw.marks |= Mark.TRUNCATED
    return raw


def _link(link: Any) -> dict[str, Any]:
    attributes, _ = _attributes(link.attributes)
    return {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex(), "attributes": attributes}


def _attributes(pairs: Any) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    marks = 0
    for pair in pairs:
        key, value = pair.key, pair.value
        # Texts and whole numbers first: nearly every value is one, and an unset field reads as "" or 0.
        if text := value.string_value:
            if "\x00" in text:
                text = clean(text)
                marks |= Mark.CLEANED
            values[key] = text
        elif number := value.int_value:
            values[key] = number
        else:
            values[key] = _value(value, 0)
        if "\x00" in key or len(key) > 255 or not key:
            del values[key]
            marks |= Mark.CLEANED
    if len(values) < len(pairs):
        # A name came twice: the last value counts.
        marks |= Mark.CLEANED
    if len(values) > MAX_PIECES:
        values = dict(list(values.items())[:MAX_PIECES])
        marks |= Mark.TRUNCATED
    return values, marks


def _value(value: Any, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return clean(value.string_value)
    if kind in ("int_value", "double_value"):
        return clean_number(getattr(value, kind))
    if kind == "bool_value":
        return value.bool_value
    if kind == "bytes_value":
        return value.bytes_value.hex()
    if kind is None:
        return None
    if depth >= MAX_DEPTH:
        return "[nested too deeply]"
    if kind == "array_value":
        return [_value(item, depth + 1) for item in value.array_value.values]
    return {item.key: _value(item.value, depth + 1) for item in value.kvlist_value.values if is_usable_key(item.key)}
