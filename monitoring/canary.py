"""The canary: one span a minute that goes the whole way through Callboard. Each run and the time of its stages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

OLD_AFTER = timedelta(minutes=3)
KEPT_FOR = timedelta(hours=24)
STAGES = ("send", "visible", "prompt", "job")
_COLUMNS = "due_at, started_at, finished_at, send_ms, visible_ms, prompt_ms, job_ms, error"


class Word(StrEnum):
    """How the canary is."""

    NEVER_RAN = "never ran"
    WELL = "ok"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Run:
    """One way through; a stage that was not reached has no time."""

    due_at: datetime
    started_at: datetime
    finished_at: datetime | None
    send_ms: float | None
    visible_ms: float | None
    prompt_ms: float | None
    job_ms: float | None
    error: str

    @property
    def is_success(self) -> bool:
        return self.finished_at is not None


@dataclass(frozen=True, slots=True)
class State:
    """The last run that went the whole way, the last run at all, and how old the success is."""

    last_success: Run | None
    last_run: Run | None
    age_seconds: int | None

    @property
    def word(self) -> Word:
        if self.last_run is None:
            return Word.NEVER_RAN
        if self.age_seconds is not None:
            return Word.WELL if self.age_seconds <= OLD_AFTER.total_seconds() else Word.OLD
        return Word.OLD if timezone.now() - self.last_run.started_at > OLD_AFTER else Word.NEVER_RAN


def begin() -> datetime | None:
    """Open the run of this minute, by the database's clock; None when another worker has opened it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO canary_run (due_at) VALUES (date_trunc('minute', clock_timestamp(), 'UTC')) "
            "ON CONFLICT DO NOTHING RETURNING due_at"
        )
        row = cursor.fetchone()
    return row[0] if row else None


def note(*, due_at: datetime, stage: str, took_ms: float) -> None:
    """Store how long a stage took; with the last stage the run has succeeded."""
    if stage not in STAGES:
        raise ValueError(stage)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE canary_run SET {stage}_ms = %s WHERE due_at = %s", [took_ms, due_at])
        cursor.execute(
            "UPDATE canary_run SET finished_at = clock_timestamp() WHERE due_at = %s AND finished_at IS NULL "
            "AND send_ms IS NOT NULL AND visible_ms IS NOT NULL AND prompt_ms IS NOT NULL AND job_ms IS NOT NULL",
            [due_at],
        )


def fail(*, due_at: datetime, error: str) -> None:
    """Store why a run got stuck."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE canary_run SET error = %s WHERE due_at = %s", [error[:500], due_at])


def is_visible(*, project_id: int, trace_id: uuid.UUID, at: datetime) -> bool:
    """Tell whether a call of the canary stands in the list of traces and in the counters."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM trace WHERE project_id = %(id)s AND trace_id = %(trace)s) AND EXISTS "
            "(SELECT FROM usage_minute WHERE project_id = %(id)s AND at = date_bin('1 minute', %(at)s, 'epoch'))",
            {"id": project_id, "trace": trace_id, "at": at},
        )  # fmt: skip
        return bool(cursor.fetchone()[0])


def state() -> State:
    """Return how the canary is."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"(SELECT {_COLUMNS} FROM canary_run WHERE finished_at IS NOT NULL ORDER BY due_at DESC LIMIT 1) UNION ALL "
            f"(SELECT {_COLUMNS} FROM canary_run ORDER BY due_at DESC LIMIT 1)"
        )
        runs = [Run(*row) for row in cursor.fetchall()]
    succeeded = runs[0] if runs and runs[0].is_success else None
    age = int((timezone.now() - succeeded.started_at).total_seconds()) if succeeded else None
    return State(last_success=succeeded, last_run=runs[-1] if runs else None, age_seconds=age)


@transaction.atomic
def forget_old(*, project_id: int | None) -> int:
    """Remove what is older than a day, runs and calls of the canary; the last success stays. Return how many rows."""
    since = timezone.now() - KEPT_FOR
    statements: list[tuple[str, list[Any]]] = [
        (
            "DELETE FROM canary_run WHERE due_at < %s AND due_at <> "
            "(SELECT coalesce(max(due_at), '-infinity') FROM canary_run WHERE finished_at IS NOT NULL)",
            [since],
        )
    ]
    if project_id is not None:
        day_of, moment_of = {"span": "start_day"}, {"trace": "started_at"}
        for table in ("span", "trace", "usage_minute", "usage_hour", "usage_day", "ingest_minute"):
            column = day_of.get(table) or moment_of.get(table) or "at"
            limit: Any = since.date() if table in day_of else since
            statements.append((f"DELETE FROM {table} WHERE project_id = %s AND {column} < %s", [project_id, limit]))
    deleted = 0
    with connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)
            deleted += cursor.rowcount
    return deleted
