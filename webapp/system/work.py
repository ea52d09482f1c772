"""What waits to be done, queue by queue, and what takes long in the database right now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from workers.queues import JOB_QUEUES, queue_of

# A job that could run for so long finds no worker.
_LONG = timedelta(minutes=5)
_SLOW_SECONDS, _MOST_SLOW = 1, 10
_SHOWN_CHARACTERS = 300


@dataclass(slots=True)
class Queue:
    """The jobs of one queue by state; those that failed for good stay until somebody looks."""

    name: str
    ready: int = 0
    running: int = 0
    later: int = 0
    dead: int = 0
    oldest_ready: datetime | None = None

    @property
    def waits_long(self) -> bool:
        return self.oldest_ready is not None and timezone.now() - self.oldest_ready > _LONG


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """A statement that has been running for more than a second."""

    program: str
    seconds: float
    waits_for: str
    text: str


def queues() -> list[Queue]:
    """Return every queue, also the empty ones."""
    found = {name: Queue(name) for name in JOB_QUEUES}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT kind, count(*) FILTER (WHERE state = 'ready' AND is_due), count(*) FILTER (WHERE state = 'running'),
                   count(*) FILTER (WHERE state = 'ready' AND NOT is_due), count(*) FILTER (WHERE state = 'dead'),
                   min(run_at) FILTER (WHERE state = 'ready' AND is_due)
              FROM (SELECT kind, state, run_at, run_at <= statement_timestamp() AS is_due FROM job WHERE state <> 'done') waiting
             GROUP BY kind
            """
        )
        for kind, *counts, oldest in cursor.fetchall():
            _add(found[queue_of(kind)], counts, oldest)
    return list(found.values())


def _add(queue: Queue, counts: list[int], oldest: datetime | None) -> None:
    ready, running, later, dead = counts
    queue.ready, queue.running = queue.ready + ready, queue.running + running
    queue.later, queue.dead = queue.later + later, queue.dead + dead
    queue.oldest_ready = min(filter(None, [queue.oldest_ready, oldest]), default=None)


def slow_statements() -> list[SlowStatement]:
    """Return what has been running for more than a second, the longest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(nullif(application_name, ''), 'no name'), extract(epoch FROM now() - query_start)::float8,
                   coalesce(wait_event_type, ''), left(regexp_replace(query, '\\s+', ' ', 'g'), %s)
              FROM pg_stat_activity
             WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
               AND backend_type = 'client backend' AND now() - query_start > make_interval(secs => %s)
             ORDER BY 2 DESC LIMIT %s
            """,
            [_SHOWN_CHARACTERS, _SLOW_SECONDS, _MOST_SLOW],
        )
        return [SlowStatement(*row) for row in cursor.fetchall()]
