"""Work as rows with leases: whoever claims a row does it, and may die while doing so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from projects import doorbell
from projects.errors import LeaseLost
from projects.models import Job, JobState

# How the key of a job begins that goes on with another.
AFTER = "after "
LEASE = timedelta(seconds=60)
_RETRY_BASE_SECONDS = 5
_RETRY_CAP_SECONDS = 600
# Others may be claiming the first jobs of a project at this very moment; so many more of them are looked at.
_OTHER_WORKERS = 16

# Projects take turns, so that a thousand jobs of one never stand before another one's first. Which projects wait is found
# by jumping from one to the next in an index (`share`), never by reading their jobs: what it takes grows with the projects.
# The ids are an array because that is found once; with IN, a join may look again for every row, and claim too many.
_CLAIM = """
    WITH RECURSIVE share (kind, owner) AS (
        SELECT kind, (SELECT coalesce(project_id, 0) FROM job j WHERE j.state = 'ready' AND j.kind = kinds.kind
                       ORDER BY coalesce(project_id, 0) LIMIT 1)
          FROM unnest(%(kinds)s::text[]) AS kinds (kind)
        UNION ALL
        SELECT kind, (SELECT coalesce(project_id, 0) FROM job j WHERE j.state = 'ready' AND j.kind = share.kind
                         AND coalesce(project_id, 0) > share.owner ORDER BY coalesce(project_id, 0) LIMIT 1)
          FROM share WHERE owner IS NOT NULL
    ), due AS (
        SELECT kind, owner, run_at FROM share CROSS JOIN LATERAL (
            SELECT run_at FROM job j WHERE j.state = 'ready' AND j.kind = share.kind AND coalesce(project_id, 0) = owner
               AND run_at <= statement_timestamp() ORDER BY run_at LIMIT 1
        ) oldest
    ), turns AS MATERIALIZED (
        SELECT owner, (SELECT max(claimed_at) FROM unnest(%(kinds)s::text[]) AS kinds (kind) CROSS JOIN LATERAL (
            SELECT claimed_at FROM job j
             WHERE j.kind = kinds.kind AND coalesce(project_id, 0) = owner AND claimed_at IS NOT NULL
             ORDER BY claimed_at DESC LIMIT 1
        ) latest) AS served_at, min(run_at) AS since
          FROM due GROUP BY owner ORDER BY served_at NULLS FIRST, since LIMIT %(looked_at)s
    ), next AS MATERIALIZED (
        SELECT id, served_at, job_run_at, row_number() OVER (PARTITION BY owner ORDER BY job_run_at, id) AS turn
          FROM turns JOIN due USING (owner) CROSS JOIN LATERAL (
            SELECT j.id, j.run_at FROM job j
             WHERE j.state = 'ready' AND j.kind = due.kind AND coalesce(project_id, 0) = owner
               AND j.run_at <= statement_timestamp()
             ORDER BY j.run_at LIMIT %(looked_at)s
        ) oldest (id, job_run_at)
         ORDER BY turn, served_at NULLS FIRST, job_run_at LIMIT %(looked_at)s
    )
    UPDATE job SET state = 'running', attempts = attempts + 1, lease_token = %(token)s, claimed_at = clock_timestamp(),
           lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
     WHERE id = ANY(ARRAY(
        SELECT job.id FROM job JOIN next USING (id) WHERE job.state = 'ready'
         ORDER BY turn, served_at NULLS FIRST, job_run_at, job.id FOR UPDATE OF job SKIP LOCKED LIMIT %(limit)s
     )) RETURNING id
"""


def add(
    *, kind: str, dedupe_key: str, payload: dict[str, Any] | None = None, project_id: int | None = None,
    run_at: datetime | None = None,
) -> bool:  # fmt: skip
    """Ask for work, and wake a worker for it once that is committed; return False when it was asked for before.

    Work with a moment waits for that; the sweep finds it then.
    """
    fields: dict[str, Any] = {"payload": payload or {}, "project_id": project_id}
    if run_at is not None:
        fields["run_at"] = run_at
    _, created = Job.objects.get_or_create(kind=kind, dedupe_key=dedupe_key, defaults=fields)
    if created and run_at is None:
        transaction.on_commit(lambda: doorbell.ring(kind))
    return created


def go_on(*, job: Job, run_at: datetime | None = None) -> bool:
    """Leave what is left of a job after its turn to another of its kind; a job that runs twice asks for one only."""
    return add(
        kind=job.kind, dedupe_key=f"{AFTER}{job.pk}.{job.attempts}", payload=job.payload, project_id=job.project_id,
        run_at=run_at,
    )  # fmt: skip


def running(*, kinds: Sequence[str]) -> int:
    """Return how many jobs of these kinds are being worked on."""
    return Job.objects.filter(kind__in=kinds, state=JobState.RUNNING, lease_until__gt=Now()).count()


def claim(*, kinds: Sequence[str], limit: int = 1, lease: timedelta = LEASE) -> list[Job]:
    """Take ready jobs of the project whose turn was longest ago, its oldest first; others come before its next one.

    Attempts rise now, so a job that kills its worker ends up dead, not eternal.
    """
    values: dict[str, Any] = {
        "token": uuid.uuid4(), "lease": lease.total_seconds(), "kinds": list(kinds), "limit": limit,
        "looked_at": limit + _OTHER_WORKERS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Job.objects.filter(pk__in=ids).order_by("run_at"))


def renew(*, job: Job, lease: timedelta = LEASE) -> None:
    """Hold on to a job for longer, or learn that another worker has it."""
    held = _held(job).filter(state=JobState.RUNNING).update(lease_until=Now() + lease)
    if not held:
        raise LeaseLost


def finish(*, job: Job) -> None:
    """Mark the job done, unless another worker took it over."""
    if not _held(job).filter(state=JobState.RUNNING).update(state=JobState.DONE, finished_at=Now(), lease_until=None):
        raise LeaseLost


def fail(*, job: Job, error: str) -> None:
    """Give the job back for a later try, or give it up after its last one."""
    is_last = job.attempts >= job.max_attempts
    delay = min(_RETRY_CAP_SECONDS, _RETRY_BASE_SECONDS * 2 ** max(job.attempts - 1, 0))
    _held(job).filter(state=JobState.RUNNING).update(
        state=JobState.DEAD if is_last else JobState.READY,
        run_at=Now() + timedelta(seconds=delay),
        lease_until=None,
        last_error=error[:4000],
    )


def sweep() -> int:
    """Free the jobs whose worker went silent; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE job SET lease_until = NULL,
                state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END,
                last_error = 'The worker stopped answering while it worked on this.'
            WHERE state = 'running' AND lease_until < statement_timestamp()
            """
        )
        return int(cursor.rowcount)


def retry(*, job: Job) -> None:
    """Give a dead job new tries."""
    Job.objects.filter(pk=job.pk, state=JobState.DEAD).update(state=JobState.READY, attempts=0, run_at=Now())


def delete_finished(*, older_than: timedelta) -> int:
    """Remove the rows of finished jobs; return how many."""
    deleted, _ = Job.objects.filter(state=JobState.DONE, finished_at__lt=Now() - older_than).delete()
    return deleted


def _held(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, lease_token=job.lease_token)
