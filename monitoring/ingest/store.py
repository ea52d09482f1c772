"""Writes a batch: spans, traces and counters in one transaction; a poison span loses only itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from django.db import connection, transaction
from django.db.utils import DataError, OperationalError
from psycopg import Cursor
from psycopg import DataError as DriverDataError
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from monitoring import masking_policies
from monitoring.erasure import tombstones
from monitoring.erasure.tombstones import Identity
from monitoring.ingest import ledger, merging, statements
from monitoring.ingest.rows import (
    COLUMN_TYPES,
    ENVIRONMENT,
    MARKS,
    SESSION_ID,
    SPAN_ID,
    START_DAY,
    TRACE_ID,
    USER_ID,
    Row,
    Sender,
    build,
)
from monitoring.ingest.spans import RawSpan, Rejected
from monitoring.ingest.turns import wait_for_turn
from monitoring.kinds import Mark
from prompt_registry.prices import books

log = structlog.get_logger("callboard.ingest")

_TRIES = 4
_SHARDS = 8
# The driver refuses some values before the server sees them.
_POISON = (DataError, DriverDataError, OverflowError, TypeError)
_CLEANED, _TRUNCATED, _MASKED, _WITHHELD = (
    int(mark) for mark in (Mark.CLEANED, Mark.TRUNCATED, Mark.MASKED, Mark.WITHHELD)
)
_RETRYABLE = (DeadlockDetected, SerializationFailure, LockNotAvailable)


@dataclass
class Stored:
    """What became of a batch; every number counts spans."""

    accepted: int = 0
    duplicate: int = 0
    merged: int = 0
    cleaned: int = 0
    truncated: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def store(spans: Sequence[RawSpan], sender: Sender, *, body_bytes: int = 0, dropped_by_client: int = 0) -> Stored:
    """Commit the batch and return what became of it; after the return everything accepted survives a crash."""
    project_id = sender.project_id
    whole = replace(sender, masker=masking_policies.masker_of(project_id), prices=books.of(project_id))
    built, rejected = build(spans, whole)
    # Accepted and not kept: whoever sends it again would not be helped by an error.
    rows = tombstones.kept(project_id=project_id, rows=built, identity=_identity)
    rejected = [replace(one, content=tombstones.told(project_id=project_id, content=one.content)) for one in rejected]
    unique = _without_twins(rows)

    def commit(write: Callable[[list[Row], Sender, Stored], None], attempt: int) -> Stored:
        stored = Stored(rejected=list(rejected))
        with transaction.atomic():
            if attempt > 1:
                wait_for_turn(sender.project_id)
            write(unique, sender, stored)
            _count(stored, rows, poisoned=len(stored.rejected) - len(rejected))
            with connection.cursor() as cursor:
                ledger.note(
                    cursor, project_id=sender.project_id, at=sender.received_at, shard=_shard(), stored=stored,
                    body_bytes=body_bytes, dropped_by_client=dropped_by_client, environments={row[ENVIRONMENT] for row in rows},
                )  # fmt: skip
                masking_policies.count(
                    cursor, project_id=sender.project_id, shard=_shard(),
                    masked=_marked(rows, _MASKED), withheld=_marked(rows, _WITHHELD),
                )  # fmt: skip
        return stored

    try:
        return _retried(lambda attempt: commit(_write, attempt))
    except _POISON as error:
        log.warning("a batch holds a span that cannot be stored", project_id=sender.project_id, error=str(error)[:300])
        return _retried(lambda attempt: commit(_bisect, attempt))


def _identity(row: Row) -> Identity:
    return Identity(row[TRACE_ID], row[USER_ID], row[SESSION_ID])


def _count(stored: Stored, rows: list[Row], *, poisoned: int) -> None:
    stored.duplicate = len(rows) - stored.accepted - stored.merged - poisoned
    stored.cleaned = _marked(rows, _CLEANED)
    stored.truncated = _marked(rows, _TRUNCATED)


def _marked(rows: list[Row], mark: int) -> int:
    return sum([row[MARKS] & mark != 0 for row in rows])


def _write(rows: list[Row], sender: Sender, stored: Stored) -> None:
    """Insert the rows; count how many were new and how many were merged into an existing span."""
    if not rows:
        return
    added = _insert(rows)
    merged = _merge(rows, sender) if added < len(rows) else 0
    stored.accepted += added
    stored.merged += merged


def _insert(rows: list[Row]) -> int:
    """Insert the rows that are not there yet, with their traces and counters; return how many were new."""
    connection.ensure_connection()
    driver = connection.connection
    # Django's own cursors never prepare statements; planning this one costs more than running it for a small batch.
    driver.prepare_threshold = 0
    with connection.wrap_database_errors, Cursor(driver) as cursor:
        cursor.execute(statements.STAGE, prepare=False)
        with cursor.copy(statements.COPY_STAGED) as copy:
            copy.set_types(COLUMN_TYPES)
            for row in rows:
                copy.write_row(row)
        [(added,)] = cursor.execute(statements.STORE, {"shard": _shard()}).fetchall()
        return int(added)


def _merge(rows: list[Row], sender: Sender) -> int:
    with connection.cursor() as cursor:
        return merging.merge_different(cursor, rows, sender)


def _bisect(rows: list[Row], sender: Sender, stored: Stored) -> None:
    """Store what can be stored, halving the rest until only the span at fault is left out."""
    pending = [rows]
    while pending:
        part = pending.pop()
        try:
            with transaction.atomic():
                _write(part, sender, stored)
        except _POISON as error:
            if len(part) == 1:
                reason = f"The database refused the span: {str(error).splitlines()[0]}"
                span_id = part[0][SPAN_ID].to_bytes(8, "big", signed=True)
                stored.rejected.append(Rejected(reason, repr(part[0])[:65_536], part[0][TRACE_ID].bytes, span_id))
            else:
                middle = len(part) // 2
                pending += [part[middle:], part[:middle]]


def _without_twins(rows: list[Row]) -> list[Row]:
    """Return the rows sorted by key, each span once: equal order in all writers avoids deadlocks."""
    by_key = {(row[START_DAY], row[TRACE_ID].int, row[SPAN_ID]): row for row in rows}
    return [by_key[key] for key in sorted(by_key)]


def _retried(act: Callable[[int], Stored]) -> Stored:
    for attempt in range(1, _TRIES + 1):
        try:
            return act(attempt)
        except OperationalError as error:
            if attempt == _TRIES or not isinstance(error.__cause__, _RETRYABLE):
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - only spreads writers in time
    raise AssertionError("unreachable")


def _shard() -> int:
    """Return the part of the counters that this writer adds to; each connection is a writer of its own."""
    return int(connection.connection.info.backend_pid) % _SHARDS
