"""Plans and writes scheduled exports as jobs: as much as fits into a turn, then the next job goes on."""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from monitoring.scheduled_exports import planning, running
from projects import jobs
from projects.models import Job

# Below the time a task may take, with one object that takes its longest; other projects get their turn in between.
_TURN_SECONDS = 30.0
_LEASE = timedelta(seconds=120)


def plan(job: Job) -> None:
    """Plan what is due, of however many days nobody looked."""
    planning.plan(now=timezone.now())


def run(job: Job) -> None:
    """Go on with a day or hour."""
    run_id, until = int(job.payload["run"]), time.monotonic() + _TURN_SECONDS

    def keep() -> bool:
        jobs.renew(job=job, lease=_LEASE)
        return time.monotonic() < until

    try:
        has_more = running.run(run_id=run_id, keep=keep)
    except Exception:
        if job.attempts >= job.max_attempts:
            running.give_up(run_id=run_id)
        raise
    if has_more:
        jobs.go_on(job=job)
