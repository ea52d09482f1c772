"""RawSpan to the row that is stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import structlog

from monitoring.ingest import amounts, dialects, fields, payloads
from monitoring.ingest.event_messages import DETAILS, logged, told_by
from monitoring.ingest.limits import INT64_MAX, MAX_INDEXED_CHARS
from monitoring.ingest.masking import Masker
from monitoring.ingest.spans import RawEvent, RawSpan, Rejected
from monitoring.kinds import Arm, Kind, Mark, Status
from prompt_registry.prices.costs import SHIPPED, Book

log = structlog.get_logger("callboard.ingest")

COLUMNS = (
    "project_id", "start_day", "trace_id", "span_id", "parent_span_id", "sort_at", "received_at", "start_ns", "end_ns",
    "duration_ns", "ttft_ns", "cost_nano_usd", "content_hash", "input_tokens", "output_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "prompt_version", "kind", "status", "arm", "marks", "rollout_id", "unit_bucket",
    "name", "environment", "release", "service", "provider", "model", "prompt_name", "session_id", "user_id", "status_message",
    "input_preview", "output_preview", "metadata", "input", "output", "attributes", "events",
)  # fmt: skip
COLUMN_TYPES = (
    "int8", "date", "uuid", "int8", "int8", "timestamptz", "timestamptz", "int8", "int8",
    "int8", "int8", "int8", "int8", "int4", "int4", "int4",
    "int4", "int4", "int4", "int2", "int2", "int2", "int2", "uuid", "int8", "text",
    "text", "text", "text", "text", "text", "text", "text", "text", "text",
    "text", "text", "text", "text", "text", "text", "text",
)  # fmt: skip
TRACE_ID, SPAN_ID, START_DAY, MARKS, ENVIRONMENT, CONTENT_HASH, SESSION_ID, USER_ID = (
    COLUMNS.index(name)
    for name in (
        "trace_id", "span_id", "start_day", "marks", "environment", "content_hash", "session_id", "user_id",
    )
)  # fmt: skip

Row = tuple[Any, ...]
_NS_PER_DAY = 86_400_000_000_000
_NS_LATE = 30 * _NS_PER_DAY
_NS_EARLY = 600_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_ID = (b"\x00" * 8, b"\x00" * 16)
# Plain numbers, because arithmetic with enums costs a microsecond each time.
_LLM, _EMBEDDING, _OTHER = int(Kind.LLM), int(Kind.EMBEDDING), int(Kind.OTHER)
_ERROR = int(Status.ERROR)
_TRUNCATED, _CLOCK_OFF, _NEGATIVE_DURATION = int(Mark.TRUNCATED), int(Mark.CLOCK_OFF), int(Mark.NEGATIVE_DURATION)
_BACKGROUND = int(Mark.BACKGROUND)
_BUCKETS = 2**48
_ARMS = {"control": int(Arm.CONTROL), "candidate": int(Arm.CANDIDATE)}


@dataclass(frozen=True, slots=True)
class Sender:
    """To which project a batch belongs, and since when it is here."""

    project_id: int
    environment: str
    received_at: datetime
    masker: Masker | None = None
    prices: Book = SHIPPED


@dataclass(frozen=True, slots=True)
class _Source:
    """What all spans of one resource share, read once per batch."""

    environment: str
    release: str
    service: str
    json: orjson.Fragment | None


class RowBuilder:
    """Makes the rows of one batch."""

    def __init__(self, sender: Sender) -> None:
        self._project_id = sender.project_id
        self._environment = sender.environment
        self._received_at = sender.received_at
        self._prices = sender.prices
        received_ns = int(sender.received_at.timestamp() * 1_000_000) * 1000
        self._earliest_ns, self._latest_ns = received_ns - _NS_LATE, received_ns + _NS_EARLY
        self._sources: dict[int, _Source] = {}

    def row(self, span: RawSpan) -> Row:
        """Return one row in the order of COLUMNS."""
        start_ns, told = span.start_ns, None
        attributes, events = span.attributes, span.events
        if events:
            attributes = _with_details(span)
            told = told_by(events)
            events = told.others
        found = fields.sort(attributes)
        if "events" in found.aside:
            told = logged(found.aside["events"])
        facts = found.facts
        get = facts.get
        source = self._sources.get(id(span.resource)) or self._read_source(span.resource)
        kind = found.kind if found.kind is not None else (_LLM if "model" in facts else _OTHER)
        model, provider = _text(get("model")), _provider(get("provider"))
        tokens = amounts.tokens(facts)
        is_call = kind == _LLM
        input_text, input_preview = payloads.of_input(found, told, is_call=is_call)
        output_text, output_preview = payloads.of_output(found, told, is_call=is_call)
        is_background = kind == _OTHER and found.kind is None and _is_infrastructure(span, found)
        kept = None if is_background else _kept(span, found, source)
        events_text = None if is_background else _events(events)
        end_ns = min(span.end_ns, INT64_MAX)
        duration_ns = end_ns - start_ns if end_ns else 0
        sort_ns = min(max(start_ns, self._earliest_ns), self._latest_ns)
        marks = (
            span.marks | (_TRUNCATED if found.cuts.made else 0) | (_BACKGROUND if is_background else 0)
            | (_NEGATIVE_DURATION if duration_ns < 0 else 0) | (_CLOCK_OFF if sort_ns != start_ns else 0)
        )  # fmt: skip
        name = (_text(get("trace_name")) if not span.parent_id else "") or _text(span.name) or "unnamed"
        status = _status(span, facts)
        metadata = _json(found.metadata) if found.metadata else None
        return (
            self._project_id, _date_of(start_ns // _NS_PER_DAY), UUID(bytes=span.trace_id), _id(span.span_id), _parent(span.parent_id),
            _EPOCH + timedelta(microseconds=sort_ns // 1000), self._received_at, start_ns, end_ns, max(0, duration_ns),
            amounts.first_piece_ns(facts, start_ns, told.first_piece_ns if told else None),
            _cost(self._prices, facts, provider, model, tokens, kind, start_ns),
            _content_hash(span, name, status, input_text, output_text, kept, metadata, events_text),
            *tokens, amounts.count(get("prompt_version")) or 0, kind, status, _arm(get("arm")), marks, _uuid(get("rollout_id")),
            _bucket(get("unit_bucket")), name,
            self._environment or _text(get("environment")) or source.environment or "default",
            _text(get("release")) or source.release, source.service, provider, model, _text(get("prompt_name")),
            _text(get("session")), _text(get("user")), _status_message(span, facts) if status == _ERROR else "",
            input_preview, output_preview, metadata, input_text, output_text, kept, events_text,
        )  # fmt: skip

    def _read_source(self, resource: dict[str, Any]) -> _Source:
        get = fields.sort(resource).facts.get
        source = _Source(
            environment=_text(get("environment")), release=_text(get("release")), service=_text(get("service")),
            json=orjson.Fragment(_json(resource)) if resource else None,
        )  # fmt: skip
        self._sources[id(resource)] = source
        return source


def build(spans: Sequence[RawSpan], sender: Sender) -> tuple[list[Row], list[Rejected]]:
    """Return the rows of all usable spans, and the others with the reason."""
    if sender.masker is not None:
        sender.masker.apply(spans)
    builder = RowBuilder(sender)
    rows: list[Row] = []
    rejected: list[Rejected] = []
    for span in spans:
        reason = _unusable(span)
        if not reason:
            try:
                rows.append(builder.row(span))
                continue
            except Exception:
                # The edge of one span: whatever is wrong with it, the others are stored.
                log.exception("a span cannot be mapped", project_id=sender.project_id)
                reason = "The span holds values that Callboard cannot read."
        rejected.append(Rejected(reason, described(span), span.trace_id, span.span_id))
    return rows, rejected


def row(span: RawSpan, sender: Sender) -> Row:
    """Return the row of a single span."""
    return RowBuilder(sender).row(span)


def described(span: RawSpan) -> str:
    """Return what was sent, as text for the quarantine."""
    sent = {
        "name": span.name,
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "attributes": span.attributes,
    }
    return orjson.dumps(sent, default=str).decode()[:65_536]


def _unusable(span: RawSpan) -> str:
    if len(span.trace_id) != 16 or span.trace_id in _NO_ID:
        return "The trace id is missing or not 32 hexadecimal digits."
    if len(span.span_id) != 8 or span.span_id in _NO_ID:
        return "The span id is missing or not 16 hexadecimal digits."
    if not 0 < span.start_ns <= INT64_MAX:
        return "The start time is missing or outside the range of 64-bit nanoseconds."
    return ""


def _text(value: Any) -> str:
    if type(value) is str:
        return value[:MAX_INDEXED_CHARS]
    return "" if value is None else str(value)[:MAX_INDEXED_CHARS]


def _provider(value: Any) -> str:
    """Return the provider in small letters; the Vercel AI SDK adds the interface: `openai.chat`."""
    name = _text(value).lower()
    vendor, _, interface = name.partition(".")
    return (
        vendor if interface in ("chat", "responses", "messages", "completion", "generative-ai", "embedding") else name
    )


def _cost(
    prices: Book, facts: amounts.Facts, provider: str, model: str, tokens: amounts.Tokens, kind: int, start_ns: int
) -> int | None:
    if (sent := amounts.sent_cost(facts)) is not None:
        return sent
    if tokens[0] is None or kind not in (_LLM, _EMBEDDING):
        return None
    return prices.cost_nano_usd(
        provider=provider, model=model, input_tokens=tokens[0], output_tokens=tokens[1] or 0,
        cache_read_tokens=tokens[2] or 0, cache_write_tokens=tokens[3] or 0, reasoning_tokens=tokens[4] or 0, at=start_ns,
    )  # fmt: skip


def _status(span: RawSpan, facts: amounts.Facts) -> int:
    if span.status == _ERROR or span.attributes.get("error.type") is not None or facts.get("level") == "ERROR":
        return _ERROR
    return span.status if span.status in (0, 1) else 0


def _status_message(span: RawSpan, facts: amounts.Facts) -> str:
    return (span.status_message or _text(facts.get("status_message")) or _text(facts.get("error")))[:2000]


def _is_infrastructure(span: RawSpan, found: fields.Sorted) -> bool:
    return (
        span.scope.startswith(dialects.INFRASTRUCTURE)
        and found.input is fields.NOWHERE and found.output is fields.NOWHERE and not found.metadata
    )  # fmt: skip


def _with_details(span: RawSpan) -> dict[str, Any]:
    """Return the attributes of a span with those that one of its events carries for it."""
    attributes = span.attributes
    for event in span.events:
        if event.name == DETAILS:
            attributes = {**event.attributes, **attributes}
    return attributes


def _arm(value: Any) -> int:
    return _ARMS.get(value, 0) if isinstance(value, str) else 0


def _bucket(value: Any) -> int | None:
    """Return the place of a unit in a rollout, of 2^48."""
    return value if type(value) is int and 0 <= value < _BUCKETS else None


def _id(span_id: bytes) -> int:
    return int.from_bytes(span_id, "big", signed=True)


def _parent(span_id: bytes) -> int | None:
    return _id(span_id) if len(span_id) == 8 and span_id not in _NO_ID else None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _date_of(day: int) -> date:
    """Return the day of the span's own start: never of its arrival, so that every retry lands on the same row."""
    return date.fromordinal(min(day + 719_163, date.max.toordinal()))


def _kept(span: RawSpan, found: fields.Sorted, source: _Source) -> str:
    kept = found.kept
    if source.json is not None:
        kept["resource"] = source.json
    if span.scope:
        kept["scope"] = span.scope
    if span.links:
        kept["links"] = span.links
    if found.cuts.made:
        kept["callboard.cut"] = found.cuts.made
    return _json(kept)


def _events(events: Sequence[RawEvent]) -> str | None:
    if not events:
        return None
    return _json([{"name": event.name, "at_ns": event.at_ns, "attributes": event.attributes} for event in events])


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _content_hash(span: RawSpan, name: str, status: int, *texts: str | None) -> int:
    told = f"{name}\x1f{span.start_ns}\x1f{span.end_ns}\x1f{status}\x1f" + "\x1f".join([text or "" for text in texts])
    return _id(sha256(told.encode()).digest()[:8])


def now() -> datetime:
    """Return the moment of arrival."""
    return datetime.fromtimestamp(time.time(), tz=UTC)
