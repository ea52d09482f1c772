"""Counts what happened to everything that was sent, in the transaction that stored it."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from monitoring.ingest.cleaning import clean_text

if TYPE_CHECKING:
    from monitoring.ingest.store import Stored

# Environments this process knows to be in the database; saves a statement per batch.
_known_environments: set[tuple[int, str]] = set()
_seen_projects: set[int] = set()

# A program is written down this often at most, and a key lets this many different ones be told apart.
_SENDER_SECONDS = 10.0
_MOST_SENDERS = 50
_note_sender_again_at: dict[tuple[str, str], float] = {}


def note(
    cursor: CursorWrapper, *, project_id: int, at: datetime, shard: int, stored: Stored, body_bytes: int,
    dropped_by_client: int, environments: Collection[str],
) -> None:  # fmt: skip
    """Add one batch to the ledger, keep what was rejected, and remember new environments."""
    cursor.execute(
        """
        INSERT INTO ingest_minute (project_id, at, shard, accepted, duplicate, merged, rejected, cleaned, truncated,
            dropped_by_client, bytes)
        VALUES (%s, date_trunc('minute', %s, 'UTC'), %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (project_id, at, shard) DO UPDATE SET
            accepted = ingest_minute.accepted + excluded.accepted, duplicate = ingest_minute.duplicate + excluded.duplicate,
            merged = ingest_minute.merged + excluded.merged, rejected = ingest_minute.rejected + excluded.rejected,
            cleaned = ingest_minute.cleaned + excluded.cleaned, truncated = ingest_minute.truncated + excluded.truncated,
            dropped_by_client = ingest_minute.dropped_by_client + excluded.dropped_by_client,
            bytes = ingest_minute.bytes + excluded.bytes
        """,
        [
            project_id, at, shard, stored.accepted, stored.duplicate, stored.merged, len(stored.rejected), stored.cleaned,
            stored.truncated, dropped_by_client, body_bytes,
        ],
    )  # fmt: skip
    if stored.rejected:
        cursor.executemany(
            "INSERT INTO quarantined_span (project_id, reason, content) VALUES (%s, %s, %s)",
            [(project_id, clean_text(item.reason), clean_text(item.content)) for item in stored.rejected[:100]],
        )
    _remember_environments(cursor, project_id, environments)
    if stored.accepted:
        _mark_first(cursor, project_id)


def note_signal(*, project_id: int, signal: str, records: int, stored: int, body_bytes: int) -> None:
    """Add one request with logs or metrics to the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ingest_signal_minute (project_id, at, signal, requests, records, stored, bytes)
            VALUES (%s, date_trunc('minute', now(), 'UTC'), %s, 1, %s, %s, %s)
            ON CONFLICT (project_id, at, signal) DO UPDATE SET
                requests = ingest_signal_minute.requests + 1, records = ingest_signal_minute.records + excluded.records,
                stored = ingest_signal_minute.stored + excluded.stored, bytes = ingest_signal_minute.bytes + excluded.bytes
            """,
            [project_id, signal, records, stored, body_bytes],
        )


def note_sender(*, project_id: int, key_id: str, client: str, skew_ms: int | None) -> None:
    """Remember that a program sent something just now, and how far its clock is off if it said what time it has."""
    client, now = clean_text(client)[:120], time.monotonic()
    if now < _note_sender_again_at.get((key_id, client), 0.0):
        return
    if len(_note_sender_again_at) > 10_000:
        _note_sender_again_at.clear()
    _note_sender_again_at[key_id, client] = now + _SENDER_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ingest_sender (project_id, key_id, client, skew_ms)
            SELECT %(project_id)s, %(key_id)s, %(client)s, %(skew_ms)s
            WHERE (SELECT count(*) FROM ingest_sender WHERE project_id = %(project_id)s AND key_id = %(key_id)s) < %(most)s
                OR EXISTS (SELECT FROM ingest_sender
                    WHERE project_id = %(project_id)s AND key_id = %(key_id)s AND client = %(client)s)
            ON CONFLICT (project_id, key_id, client) DO UPDATE SET
                last_at = now(), skew_ms = coalesce(excluded.skew_ms, ingest_sender.skew_ms)
            """,
            {"project_id": project_id, "key_id": key_id, "client": client, "skew_ms": skew_ms, "most": _MOST_SENDERS},
        )  # fmt: skip


def forget() -> None:
    """Empty this process's memory of environments, projects and senders."""
    _known_environments.clear()
    _seen_projects.clear()
    _note_sender_again_at.clear()


def _remember_environments(cursor: CursorWrapper, project_id: int, environments: Collection[str]) -> None:
    new = [name for name in sorted(environments) if (project_id, name) not in _known_environments]
    some = new[:50]
    for name in some:
        cursor.execute(
            "INSERT INTO environment (project_id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", [project_id, name]
        )
    if some:
        if len(_known_environments) > 10_000:
            _known_environments.clear()
        transaction.on_commit(lambda: _known_environments.update((project_id, name) for name in some))


def _mark_first(cursor: CursorWrapper, project_id: int) -> None:
    if project_id in _seen_projects:
        return
    cursor.execute(
        "UPDATE project SET first_accepted_at = now() WHERE id = %s AND first_accepted_at IS NULL", [project_id]
    )
    transaction.on_commit(lambda: _seen_projects.add(project_id))
