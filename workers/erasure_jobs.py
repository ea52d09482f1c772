"""Deletes on request as a job: it holds its lease while it works, and comes back for the last look."""

from __future__ import annotations

import time
from datetime import timedelta

from evals import erasing
from monitoring.erasure import places, running
from monitoring.erasure.targets import Place
from projects import jobs
from projects.models import Job

_LEASE = timedelta(seconds=120)
# Below the time a task may take; other projects get their turn in between.
_TURN_SECONDS = 45.0
_GAVE_UP = "Callboard could not finish it. What was deleted so far is gone; ask for it again."


def all_places() -> list[Place]:
    """Return every place that a deletion goes through, in its order."""
    return [*erasing.of_evals(), *places.of_monitoring()]


def run(job: Job) -> None:
    """Go on with a request to delete."""
    erasure_id, until = int(job.payload["erasure"]), time.monotonic() + _TURN_SECONDS

    def keep() -> None:
        jobs.renew(job=job, lease=_LEASE)
        if time.monotonic() > until:
            raise running.TurnOver

    try:
        later = running.run(erasure_id=erasure_id, places=all_places(), keep=keep)
    except Exception:
        if job.attempts >= job.max_attempts:
            running.fail(erasure_id=erasure_id, problem=_GAVE_UP)
        raise
    if later is not None:
        jobs.add(
            kind=running.KIND, dedupe_key=f"erasure {erasure_id} after {job.pk}.{job.attempts}", payload=job.payload,
            project_id=job.project_id, run_at=later,
        )  # fmt: skip
