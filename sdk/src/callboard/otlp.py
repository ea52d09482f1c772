"""Encodes finished spans as OTLP/JSON."""

import json
import os
import platform
from collections.abc import Callable, Mapping
from typing import Any, Final

from callboard import attributes, ids
from callboard.notices import notice
from callboard.settings import Settings
from callboard.spans import Span
from callboard.version import __version__

Mask = Callable[[Any, str], Any]
_MAX_KEY: Final = 255
_INT64: Final = 1 << 63
_CLIENT_SPAN, _INTERNAL_SPAN = 3, 1
_CALLS_OUT: Final = frozenset({"llm", "embedding"})


class SpanEncoder:
    """Encodes one span at a time; what the application masks never leaves the process."""

    def __init__(self, mask: Mask | None = None, *, sends_variables: bool = True) -> None:
        self._mask = mask
        self._sends_variables = sends_variables

    def __call__(self, span: Span) -> bytes:
        """Return the span as an OTLP/JSON object."""
        found, failed = self._masked(attributes.of_span(span, sends_variables=self._sends_variables))
        if failed:
            found["callboard.mask_failed"] = failed
        encoded: dict[str, Any] = {
            "traceId": span.trace_id,
            "spanId": span.span_id,
            "name": str(span.name)[:_MAX_KEY],
            "kind": _CLIENT_SPAN if span.kind in _CALLS_OUT else _INTERNAL_SPAN,
            "startTimeUnixNano": str(span.start_ns),
            "endTimeUnixNano": str(span.end_ns),
            "attributes": _encoded(found),
        }
        if span.parent_id:
            encoded["parentSpanId"] = f"{span.parent_id:016x}"
        if span.error is not None:
            encoded.update(self._failure(span))
        return _to_bytes(encoded)

    def _failure(self, span: Span) -> dict[str, Any]:
        error = span.error
        if error is None:
            return {}
        facts = {"exception.type": error.type, "exception.message": error.message, "exception.stacktrace": error.stack}
        masked, _ = self._masked({key: value for key, value in facts.items() if value})
        event = {"name": "exception", "timeUnixNano": str(span.end_ns), "attributes": _encoded(masked)}
        return {"status": {"code": 2, "message": str(masked.get("exception.message", ""))}, "events": [event]}

    def _masked(self, found: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        values = {key: attributes.flat(value) for key, value in found.items()}
        if self._mask is None:
            return values, []
        failed = []
        for key in list(values):
            try:
                values[key] = self._mask(values[key], key)
            except Exception:  # the mask belongs to the host; unmasked text must not leave
                notice("mask", "callboard: mask() failed for %s, so this field is not sent.", key, error=True)
                del values[key]
                failed.append(key)
        return values, failed


def resource(settings: Settings) -> bytes:
    """Return what is the same for every span of this process, as an OTLP resource."""
    facts = {
        "service.name": settings.service_name,
        "service.version": settings.release,
        "deployment.environment.name": settings.environment,
        "service.instance.id": f"{os.getpid()}-{ids.new_span_id():016x}",
        "process.pid": os.getpid(),
        "telemetry.sdk.name": "callboard",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
        "process.runtime.version": platform.python_version(),
    }
    return _to_bytes({"attributes": _encoded({key: value for key, value in facts.items() if value})})


def envelope(resource_json: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the comma-separated spans in a request."""
    scope = _to_bytes({"name": "callboard", "version": __version__})
    head = b'{"resourceSpans":[{"resource":' + resource_json + b',"scopeSpans":[{"scope":' + scope + b',"spans":['
    return head, b"]}]}]}"


def _encoded(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key[:_MAX_KEY], "value": _any_value(value)} for key, value in found.items() if value is not None]


def _any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return {"intValue": str(int(value))}
    if isinstance(value, float) and value - value == 0:
        return {"doubleValue": float(value)}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_any_value(item) for item in value]}}
    return {"stringValue": str(value)}


def _to_bytes(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False)
    # A lone surrogate has no UTF-8 form.
    return text.encode("utf-8", "replace")
