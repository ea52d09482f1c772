"""The batches of Langfuse's older SDKs: events that create and update traces and their steps piece by piece.

Nothing here asks a database or a clock. A trace becomes a span of its own, above the steps that have no parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.ingest import langfuse_ids as ids
from monitoring.ingest import langfuse_values as values
from monitoring.ingest.cleaning import clean, clean_text
from monitoring.ingest.limits import INT64_MAX, MAX_PIECES
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import Mark, Status

MAX_EVENTS = 5_000
SCOPE = "langfuse-sdk"
Key = tuple[bytes, bytes]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KINDS = frozenset({
    "span", "event", "generation", "agent", "tool", "chain", "retriever", "embedding", "evaluator", "guardrail",
})  # fmt: skip


@dataclass(slots=True)
class Patch:
    """What events said about one span so far; empty and zero mean: not said."""

    trace_id: bytes
    span_id: bytes
    is_root: bool = False
    parent_id: bytes = b""
    name: str = ""
    start_ns: int = 0
    end_ns: int = 0
    # When the event was made: stands in for a start that nobody sent.
    moment_ns: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    event_ids: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.trace_id, self.span_id


@dataclass(slots=True)
class Failure:
    """One event that cannot be taken, and why."""

    event_id: str
    status: int
    message: str


@dataclass(slots=True)
class Batch:
    """The events of a request, sorted by what becomes of them."""

    patches: dict[Key, Patch] = field(default_factory=dict)
    scores: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def read(events: Sequence[Any]) -> Batch:
    """Return what the events say; several about the same span are put together in their order."""
    batch = Batch()
    for event in events:
        _sort(event, batch)
    return batch


def merged(earlier: Patch, later: Patch) -> Patch:
    """Return both together: the later one wins where it says something, and ends only grow."""
    return Patch(
        trace_id=later.trace_id,
        span_id=later.span_id,
        is_root=later.is_root,
        parent_id=later.parent_id or earlier.parent_id,
        name=later.name or earlier.name,
        start_ns=min(filter(None, (earlier.start_ns, later.start_ns)), default=0),
        end_ns=max(earlier.end_ns, later.end_ns),
        moment_ns=min(filter(None, (earlier.moment_ns, later.moment_ns)), default=0),
        attributes=earlier.attributes | later.attributes,
        event_ids=earlier.event_ids + later.event_ids,
    )


def spans_of(batch: Batch, *, known: Mapping[Key, Patch], now_ns: int) -> list[RawSpan]:
    """Return the spans of a batch, each together with what is stored of it already."""
    patches = _with_ended_traces(batch.patches, known)
    return [_span(_completed(known.get(key), patch), now_ns) for key, patch in patches.items()]


def _completed(stored: Patch | None, patch: Patch) -> Patch:
    """Return the patch on top of what is stored; a stored start stays, because it is part of the row's key."""
    return replace(merged(stored, patch), start_ns=stored.start_ns) if stored else patch


def _with_ended_traces(patches: Mapping[Key, Patch], known: Mapping[Key, Patch]) -> dict[Key, Patch]:
    """Let the span of each trace last as long as the steps below it: nobody else says when a trace ended."""
    found = dict(patches)
    ends: dict[bytes, int] = {}
    for patch in patches.values():
        ends[patch.trace_id] = max(ends.get(patch.trace_id, 0), patch.end_ns)
    for trace_id, end_ns in ends.items():
        key = (trace_id, ids.root_id(trace_id))
        root = found.get(key) or known.get(key)
        if root is not None and end_ns > root.end_ns:
            longer = Patch(trace_id=trace_id, span_id=key[1], is_root=True, end_ns=end_ns)
            found[key] = merged(found[key], longer) if key in found else longer
    return found


def _sort(event: Any, batch: Batch) -> None:
    event = clean(event) if isinstance(event, dict) else {}
    event_id, event_type, body = _text(event.get("id"))[:255], _text(event.get("type")), event.get("body")
    if event_type == "sdk-log":
        batch.noted.append(event_id)
    elif not isinstance(body, dict):
        batch.failures.append(Failure(event_id, 400, "The event has no body. Send {id, timestamp, type, body}."))
    elif event_type == "score-create":
        batch.scores.append((event_id, body))
    else:
        patch = _patch(event_type, body, event_id=event_id, moment_ns=nanoseconds(event.get("timestamp")))
        if isinstance(patch, Failure):
            batch.failures.append(patch)
        else:
            earlier = batch.patches.get(patch.key)
            batch.patches[patch.key] = merged(earlier, patch) if earlier else patch


def _patch(event_type: str, body: dict[str, Any], *, event_id: str, moment_ns: int) -> Patch | Failure:
    own_id = _text(body.get("id")) or event_id
    if not own_id:
        return Failure(event_id, 400, "The body has no id.")
    if event_type == "trace-create":
        return _of_trace(body, own_id, event_id, moment_ns)
    name, _, verb = event_type.rpartition("-")
    if name == "observation":
        name = _text(body.get("type")).lower()
    if name not in _KINDS or verb not in ("create", "update"):
        return Failure(event_id, 400, f"Callboard does not know events of the type «{event_type[:40]}».")
    return _of_observation(body, name, own_id, event_id, moment_ns)


def _of_trace(body: dict[str, Any], own_id: str, event_id: str, moment_ns: int) -> Patch:
    trace_id = ids.trace_id(own_id)
    return Patch(
        trace_id=trace_id,
        span_id=ids.root_id(trace_id),
        is_root=True,
        name=_text(body.get("name")),
        # The decorator of SDK 2 adds when its function started and ended; else an output is known when the work is done.
        start_ns=nanoseconds(body.get("start_time")) or nanoseconds(body.get("timestamp")),
        end_ns=nanoseconds(body.get("end_time")) or (moment_ns if body.get("output") is not None else 0),
        moment_ns=moment_ns,
        attributes=values.of_trace(body),
        event_ids=[event_id],
    )


def _of_observation(body: dict[str, Any], kind: str, own_id: str, event_id: str, moment_ns: int) -> Patch:
    named_trace, parent = _text(body.get("traceId")), _text(body.get("parentObservationId"))
    start_ns = nanoseconds(body.get("startTime"))
    return Patch(
        trace_id=ids.trace_id(named_trace or own_id),
        span_id=ids.span_id(own_id),
        is_root=not named_trace,
        parent_id=ids.span_id(parent) if parent else b"",
        name=_text(body.get("name")),
        start_ns=start_ns,
        end_ns=nanoseconds(body.get("endTime")) or (start_ns if kind == "event" else 0),
        moment_ns=moment_ns,
        attributes=values.of_observation(body, kind),
        event_ids=[event_id],
    )


def _span(patch: Patch, now_ns: int) -> RawSpan:
    is_cut = len(patch.attributes) > MAX_PIECES
    return RawSpan(
        trace_id=patch.trace_id,
        span_id=patch.span_id,
        parent_id=b"" if patch.is_root else patch.parent_id or ids.root_id(patch.trace_id),
        name=patch.name,
        start_ns=patch.start_ns or min(filter(None, (patch.moment_ns, patch.end_ns)), default=now_ns),
        end_ns=patch.end_ns,
        status=int(Status.UNSET),
        status_message="",
        attributes=dict(list(patch.attributes.items())[:MAX_PIECES]),
        resource={},
        scope=SCOPE,
        marks=int(Mark.TRUNCATED) if is_cut else 0,
    )


def nanoseconds(value: Any) -> int:
    """Return a moment such as «2026-01-31T10:00:00Z» in nanoseconds since 1970, or 0 when it is none."""
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        found = (moment - _EPOCH) // _MICROSECOND * 1000
    except (ValueError, OverflowError):
        return 0
    return found if 0 < found <= INT64_MAX else 0


def _text(value: Any) -> str:
    return clean_text(value) if isinstance(value, str) else ""
