"""OTLP/JSON to RawSpan: ids in hexadecimal, 64-bit numbers as text or number, unknown fields ignored."""

from __future__ import annotations

import json
from typing import Any

import orjson

from monitoring.ingest import prescan
from monitoring.ingest.cleaning import clean, clean_number, clean_text, is_usable_key
from monitoring.ingest.limits import INT64_MAX, MAX_DEPTH, MAX_EVENTS, MAX_LINKS, MAX_PIECES, MAX_SPANS
from monitoring.ingest.spans import BodyUnreadable, RawEvent, RawSpan, TooManySpans
from monitoring.kinds import Mark

_MAX_NESTING = 512


def decode(body: bytes) -> list[RawSpan]:
    """Return the spans of an OTLP/JSON export; what is not a span at all is left out as unusable ids."""
    prescan.check_json(body)
    return spans_of(load(body))


def spans_of(document: Any) -> list[RawSpan]:
    """Return the spans of a parsed document."""
    if not isinstance(document, dict):
        raise BodyUnreadable
    if "resourceLogs" in document:
        raise BodyUnreadable("This is an OTLP logs export. Send it to /v1/logs; traces go to /v1/traces.")
    found: list[RawSpan] = []
    for resource_spans in _dicts(document.get("resourceSpans")):
        resource, _ = _attributes(_dict(resource_spans.get("resource")).get("attributes"))
        for scope_spans in _dicts(resource_spans.get("scopeSpans")):
            scope = str(_dict(scope_spans.get("scope")).get("name") or "")
            spans = _dicts(scope_spans.get("spans"))
            if len(found) + len(spans) > MAX_SPANS:
                raise TooManySpans
            found.extend([_span(span, resource, scope) for span in spans])
    return found


def load(body: bytes) -> Any:
    """Return the parsed JSON; what strict JSON refuses but clients send is read as well, the rest raises BodyUnreadable."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _load_leniently(body)


def _load_leniently(body: bytes) -> Any:
    """Read what strict JSON refuses but clients send: NaN, lone surrogates, huge integers."""
    if _nesting(body) > _MAX_NESTING:
        raise BodyUnreadable("The body is nested more than 512 levels deep. Flatten the attributes and send it again.")
    try:
        return json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise BodyUnreadable from error


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 4_000 else digits


def _nesting(body: bytes) -> int:
    """Return an upper bound of the nesting depth, counting brackets inside strings too."""
    depth = deepest = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _span(span: dict[str, Any], resource: dict[str, Any], scope: str) -> RawSpan:
    attributes, marks = _attributes(span.get("attributes"))
    status = _dict(span.get("status"))
    events, links = _dicts(span.get("events")), _dicts(span.get("links"))
    return RawSpan(
        trace_id=_id(span.get("traceId")),
        span_id=_id(span.get("spanId")),
        parent_id=_id(span.get("parentSpanId")),
        name=clean_text(str(span.get("name") or "")),
        start_ns=_int64(span.get("startTimeUnixNano")),
        end_ns=_int64(span.get("endTimeUnixNano")),
        status=_status(status.get("code")),
        status_message=clean_text(str(status.get("message") or "")),
        attributes=attributes,
        resource=resource,
        scope=clean_text(scope),
        events=[_event(event) for event in events[:MAX_EVENTS]],
        links=[_link(link) for link in links[:MAX_LINKS]],
        marks=marks | (Mark.TRUNCATED if len(events) > MAX_EVENTS or len(links) > MAX_LINKS else 0),
    )


def _event(event: dict[str, Any]) -> RawEvent:
    return RawEvent(
        clean_text(str(event.get("name") or "")),
        _int64(event.get("timeUnixNano")),
        _attributes(event.get("attributes"))[0],
    )


def _link(link: dict[str, Any]) -> dict[str, Any]:
    attributes, _ = _attributes(link.get("attributes"))
    return {
        "trace_id": _id(link.get("traceId")).hex(),
        "span_id": _id(link.get("spanId")).hex(),
        "attributes": attributes,
    }


def _attributes(pairs: Any) -> tuple[dict[str, Any], int]:
    if isinstance(pairs, dict):  # hand-made exporters send an object instead of a list
        pairs = [
            {"key": key, "value": value if isinstance(value, dict) else {"plain": value}}
            for key, value in pairs.items()
        ]
    values: dict[str, Any] = {}
    marks = 0
    for pair in pairs if isinstance(pairs, list) else []:
        if not isinstance(pair, dict):
            marks |= Mark.CLEANED
            continue
        key, sent = pair.get("key"), pair.get("value")
        if not isinstance(key, str) or not is_usable_key(key):
            marks |= Mark.CLEANED
            continue
        value = _value(sent, 0)
        if isinstance(value, str) and "\ufffd" in value and "\ufffd" not in str(sent):
            marks |= Mark.CLEANED
        if key in values:
            marks |= Mark.CLEANED
        values[clean_text(key)] = value
    if len(values) > MAX_PIECES:
        values = dict(list(values.items())[:MAX_PIECES])
        marks |= Mark.TRUNCATED
    return values, marks


def _value(value: Any, depth: int) -> Any:
    if not isinstance(value, dict):
        return clean(value)
    if "stringValue" in value:
        return clean_text(str(value["stringValue"]))
    if "intValue" in value:
        return _int_or_text(value["intValue"])
    if "doubleValue" in value:
        number = value["doubleValue"]
        return clean_number(number) if isinstance(number, int | float) else clean_text(str(number))
    if "boolValue" in value:
        return bool(value["boolValue"])
    if depth >= MAX_DEPTH:
        return "[nested too deeply]"
    if "arrayValue" in value:
        items = _dict(value["arrayValue"]).get("values")
        return [_value(item, depth + 1) for item in items] if isinstance(items, list) else []
    if "kvlistValue" in value:
        pairs = _dicts(_dict(value["kvlistValue"]).get("values"))
        return {str(p["key"]): _value(p.get("value"), depth + 1) for p in pairs if is_usable_key(str(p.get("key", "")))}
    return clean(value.get("bytesValue", value.get("plain")))


def _int_or_text(value: Any) -> Any:
    try:
        return clean_number(int(value))
    except (TypeError, ValueError, OverflowError):
        return clean_text(str(value))


def _int64(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if 0 <= number <= INT64_MAX else 0


def _status(code: Any) -> int:
    if isinstance(code, str):
        return {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}.get(code, 0)
    return int(code) if code in (0, 1, 2) else 0


def _id(value: Any) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
