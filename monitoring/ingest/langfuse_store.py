"""Stores a batch of Langfuse's older SDKs: each piece on top of what came before, in the table of all spans."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from monitoring.ingest import langfuse_batch, langfuse_ids
from monitoring.ingest.langfuse_batch import Batch, Failure, Key, Patch
from monitoring.ingest.rows import Sender
from monitoring.ingest.store import store
from monitoring.ingest.turns import wait_for_turn
from monitoring.models import span_hex, span_number

# What the receiver put among the attributes itself.
_ADDED = frozenset({"resource", "scope", "links", "callboard.cut"})
_NOT_STORED = "The span holds values that Callboard cannot read."


def store_batch(batch: Batch, sender: Sender, *, body_bytes: int) -> list[Failure]:
    """Commit the spans of the batch; return the events of those that could not be stored."""
    if not batch.patches:
        return []
    with transaction.atomic():
        # Nearly every batch of these SDKs changes spans that are stored.
        wait_for_turn(sender.project_id)
        known = stored_spans(_keys(batch), project_id=sender.project_id)
        now_ns = int(sender.received_at.timestamp() * 1_000_000) * 1000
        spans = langfuse_batch.spans_of(batch, known=known, now_ns=now_ns)
        rejected = store(spans, sender, body_bytes=body_bytes).rejected
    lost_keys = {(span.trace_id, span.span_id) for span in rejected}
    lost = [patch for key, patch in batch.patches.items() if key in lost_keys]
    return [Failure(event_id, 400, _NOT_STORED) for patch in lost for event_id in patch.event_ids]


def stored_spans(keys: Collection[Key], *, project_id: int) -> dict[Key, Patch]:
    """Return what is stored of these spans, as the patch that says the same."""
    days = _days({trace_id for trace_id, _ in keys}, project_id)
    if days is None:
        return {}
    with connection.cursor() as cursor:
        # The days stand in the statement, so that the planner opens only the partitions the traces touch.
        cursor.execute(
            "SELECT trace_id, span_id, parent_span_id, name, start_ns, end_ns, attributes FROM span "
            " WHERE project_id = %s AND start_day BETWEEN %s AND %s AND trace_id = ANY(%s) AND span_id = ANY(%s)",
            [project_id, *days, [UUID(bytes=trace) for trace, _ in keys], [span_number(span.hex()) for _, span in keys]],
        )  # fmt: skip
        found = [_patch(*row) for row in cursor.fetchall()]
    return {patch.key: patch for patch in found if patch.key in keys}


def _days(trace_ids: Collection[bytes], project_id: int) -> tuple[Any, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(min_day), max(max_day) FROM trace WHERE project_id = %s AND trace_id = ANY(%s)",
            [project_id, [UUID(bytes=trace_id) for trace_id in trace_ids]],
        )
        first, last = cursor.fetchone()
    return (first, last) if first else None


def _keys(batch: Batch) -> set[Key]:
    roots = {(trace_id, langfuse_ids.root_id(trace_id)) for trace_id, _ in batch.patches}
    return roots | set(batch.patches)


def _patch(
    trace_id: UUID, span_id: int, parent_id: int | None, name: str, start_ns: int, end_ns: int, attributes: str | None
) -> Patch:  # fmt: skip
    kept: dict[str, Any] = orjson.loads(attributes) if attributes else {}
    return Patch(
        trace_id=trace_id.bytes,
        span_id=bytes.fromhex(span_hex(span_id)),
        parent_id=bytes.fromhex(span_hex(parent_id)) if parent_id is not None else b"",
        name=name if name != "unnamed" else "",
        start_ns=start_ns,
        end_ns=end_ns,
        attributes={name: value for name, value in kept.items() if name not in _ADDED},
    )
