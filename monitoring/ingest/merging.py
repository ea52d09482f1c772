"""A span that comes again with another content is merged into the stored one; counters follow the difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.backends.utils import CursorWrapper

from monitoring.ingest import statements
from monitoring.ingest.limits import MAX_ATTRIBUTES
from monitoring.ingest.rows import COLUMNS, SPAN_ID, TRACE_ID, Row, Sender
from monitoring.kinds import Kind, Mark, Status

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM span WHERE project_id = %s AND start_day = %s AND trace_id = %s AND span_id = %s FOR UPDATE"
_KEY = ("project_id", "start_day", "trace_id", "span_id")
_FIXED = {*_KEY, "sort_at", "received_at", "start_ns"}
_UPDATED = [name for name in COLUMNS if name not in _FIXED]
_UPDATE = (
    f"UPDATE span SET {', '.join(f'{name} = %s' for name in _UPDATED)} "
    "WHERE project_id = %s AND start_day = %s AND trace_id = %s AND span_id = %s"
)
# Those of a span, and what the receiver adds to them.
_MOST_MEMBERS = MAX_ATTRIBUTES + 4
_GRAINS = ("minute", "hour", "day")
_SERIES = ("kind", "arm", "prompt_version", "rollout_id", "environment", "model", "prompt_name")
# A histogram that holds one duration.
_ONE_LATENCY = "ARRAY[(latency_bucket(%(duration_ns)s::bigint) << 40) | 1]"
_ONE_TTFT = "CASE WHEN %(ttft_ns)s::bigint IS NULL THEN '{}'::bigint[] ELSE ARRAY[(latency_bucket(%(ttft_ns)s::bigint) << 40) | 1] END"

Values = dict[str, Any]


def merge_different(cursor: CursorWrapper, rows: Sequence[Row], sender: Sender) -> int:
    """Merge the staged rows whose stored twin has another content; return how many there were."""
    cursor.execute(statements.DIFFERENT)
    keys = {(trace_id, span_id) for trace_id, span_id in cursor.fetchall()}
    different = [row for row in rows if (row[TRACE_ID], row[SPAN_ID]) in keys]
    changes = [_merge(cursor, dict(zip(COLUMNS, row, strict=True))) for row in different]
    for trace_id in sorted({row[TRACE_ID] for row in different}, key=lambda key: key.int):
        _recompute_trace(cursor, trace_id, sender.project_id)
    _count(cursor, changes)
    return len(keys)


def merged(stored: Values, sent: Values) -> Values:
    """Return the union of two versions of one span: the later end wins, attributes add up, nothing shrinks."""
    result = {**stored}
    for name in _UPDATED:
        if sent[name] not in (None, "", 0):
            result[name] = sent[name]
    result["end_ns"] = max(stored["end_ns"], sent["end_ns"])
    result["duration_ns"] = max(0, result["end_ns"] - stored["start_ns"])
    result["status"] = (
        Status.ERROR if Status.ERROR in (stored["status"], sent["status"]) else max(stored["status"], sent["status"])
    )
    result["kind"] = sent["kind"] or stored["kind"]
    result["marks"] = stored["marks"] | sent["marks"] | Mark.MERGED
    for name in ("attributes", "metadata"):
        result[name], was_cut = _union(stored[name], sent[name])
        result["marks"] |= Mark.TRUNCATED if was_cut else 0
    result["content_hash"] = sent["content_hash"]
    return result


def _merge(cursor: CursorWrapper, sent: Values) -> tuple[Values, Values]:
    """Update the stored span and return what it was and what it is."""
    cursor.execute(_SELECT, [sent[name] for name in _KEY])
    stored = dict(zip(COLUMNS, cursor.fetchone(), strict=True))
    result = merged(stored, sent)
    cursor.execute(_UPDATE, [*(result[name] for name in _UPDATED), *(sent[name] for name in _KEY)])
    return stored, result


def _count(cursor: CursorWrapper, changes: Sequence[tuple[Values, Values]]) -> None:
    """Let the counters follow, table by table and series by series: in the order in which a batch adds to them."""
    ordered = sorted(changes, key=lambda change: [change[0]["sort_at"], *(str(change[1][name]) for name in _SERIES)])
    for grain in _GRAINS:
        for stored, result in ordered:
            _take_from_usage(cursor, grain, stored)
            _add_to_usage(cursor, grain, result)


def _recompute_trace(cursor: CursorWrapper, trace_id: UUID, project_id: int) -> None:
    cursor.execute(
        "SELECT min_day, max_day FROM trace WHERE project_id = %s AND trace_id = %s FOR UPDATE", [project_id, trace_id]
    )
    min_day, max_day = cursor.fetchone()
    days = {"project_id": project_id, "trace_id": trace_id, "min_day": min_day, "max_day": max_day}
    cursor.execute(statements.RECOMPUTE_TRACE, days)


def _union(stored: str | None, sent: str | None) -> tuple[str | None, bool]:
    """Return both objects in one, what was there first, and whether some had to be left out: a span has its limits for ever."""
    if not stored or not sent:
        return sent or stored, False
    both = {**orjson.loads(stored), **orjson.loads(sent)}
    kept = dict(list(both.items())[:_MOST_MEMBERS])
    return orjson.dumps(kept).decode(), len(kept) < len(both)


def _counters(span: Values) -> dict[str, int]:
    return {
        "span_count": 1,
        "root_count": int(span["parent_span_id"] is None),
        "error_count": int(span["status"] == Status.ERROR),
        "unpriced_count": int(span["kind"] == Kind.LLM and span["cost_nano_usd"] is None),
        **{
            name: span[name] or 0
            for name in ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "cost_nano_usd")
        },
        "duration_ns": span["duration_ns"],
    }


def _where(grain: str) -> str:
    series = " AND ".join(f"{name} IS NOT DISTINCT FROM %({name})s" for name in _SERIES)
    return f"project_id = %(project_id)s AND at = date_trunc('{grain}', %(sort_at)s, 'UTC') AND {series}"


def _take_from_usage(cursor: CursorWrapper, grain: str, span: Values) -> None:
    """Subtract a span from a shard row that holds its latency; any such row is as good as another."""
    table, counters = f"usage_{grain}", _counters(span)
    cursor.execute(
        f"""
        UPDATE {table} SET {", ".join(f"{name} = {name} - %(n_{name})s" for name in counters)},
            latency = histogram_subtract(latency, {_ONE_LATENCY}), ttft = histogram_subtract(ttft, {_ONE_TTFT})
        WHERE {_where(grain)} AND shard = (
            SELECT shard FROM {table} WHERE {_where(grain)}
                AND latency_bucket(%(duration_ns)s::bigint) IN (SELECT x >> 40 FROM unnest(latency) x)
                AND (%(ttft_ns)s::bigint IS NULL OR latency_bucket(%(ttft_ns)s::bigint) IN (SELECT x >> 40 FROM unnest(ttft) x))
            ORDER BY shard LIMIT 1
        )
        """,
        {**span, **{f"n_{name}": number for name, number in counters.items()}},
    )


def _add_to_usage(cursor: CursorWrapper, grain: str, span: Values) -> None:
    table, counters = f"usage_{grain}", _counters(span)
    cursor.execute(
        f"""
        INSERT INTO {table} (project_id, at, shard, {", ".join(_SERIES)}, {", ".join(counters)}, latency, ttft)
        VALUES (%(project_id)s, date_trunc('{grain}', %(sort_at)s, 'UTC'), 0, {", ".join(f"%({name})s" for name in _SERIES)},
            {", ".join(f"%(n_{name})s" for name in counters)}, {_ONE_LATENCY}, {_ONE_TTFT})
        ON CONFLICT ON CONSTRAINT {table}_key DO UPDATE SET
            {", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in counters)},
            latency = histogram_add({table}.latency, excluded.latency), ttft = histogram_add({table}.ttft, excluded.ttft)
        """,
        {**span, **{f"n_{name}": number for name, number in counters.items()}},
    )
