"""Answers the cells of trials as a job. Several may run; a job whose worker dies is done again by another."""

from __future__ import annotations

from datetime import timedelta

from projects import jobs
from projects.models import Job
from prompt_registry import trial_running

# Short, so that the cells of a dead worker do not wait for a minute.
_LEASE = timedelta(seconds=20)


def run(job: Job) -> None:
    """Answer what waits, and leave what is left after a turn to another job."""

    def keep() -> None:
        jobs.renew(job=job, lease=_LEASE)

    keep()
    if trial_running.run(keep_job=keep):
        jobs.go_on(job=job)
