"""A span as the client sent it, in plain Python values, whatever its encoding was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RawEvent:
    name: str
    at_ns: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class RawSpan:
    """One decoded span; `marks` says what cleaning changed (monitoring.kinds.Mark)."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str = ""
    events: list[RawEvent] = field(default_factory=list)
    # Spans of other traces that this one belongs to, as they are shown.
    links: list[dict[str, Any]] = field(default_factory=list)
    marks: int = 0


@dataclass(slots=True)
class Rejected:
    """One span that cannot be stored, with the reason and what was sent."""

    reason: str
    content: str
    # Which span it was, as far as it said so.
    trace_id: bytes = b""
    span_id: bytes = b""


class BodyUnreadable(ValueError):
    """The body is not an OTLP trace export. Send protobuf (application/x-protobuf) or OTLP/JSON (application/json)."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or ""))


class TooManySpans(ValueError):
    """One request may carry 5,000 spans. Send smaller batches."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class BodyTooRich(ValueError):
    """The request holds more than 500,000 attributes, events, objects and lists. Send smaller batches."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)
