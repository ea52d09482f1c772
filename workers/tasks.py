"""Celery tasks: load, call the domain, stop. Any of them may run twice at any time."""

from __future__ import annotations

import os
import time

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from monitoring import scores
from monitoring.issues import fix_following
from projects import jobs
from projects.errors import LeaseLost
from projects.models import Job
from workers import canary, experiment_jobs, proposal_jobs, rollout_control
from workers.job_kinds import KINDS, kinds_of
from workers.queues import EVALS, FAST, HOOKS, JOB_QUEUES

log = structlog.get_logger("callboard.worker")

_TICK_SECONDS = 3600
# A task that has taken longer takes no other slow job: its time is limited as a whole.
# Well below the time a task may take: whoever comes after finds a fresh one.
_FAST_TURN_SECONDS = 60.0
_SLOW_TURN_SECONDS = 20.0


@shared_task(name="workers.tasks.tick")
def tick(kind: str, seconds: int = _TICK_SECONDS) -> None:
    """Ask for scheduled work once in so many seconds, however many beats ring, and look at what is ready."""
    turn = int(timezone.now().timestamp()) // seconds
    jobs.add(kind=kind, dedupe_key=f"hour {turn}" if seconds == _TICK_SECONDS else f"{seconds} s {turn}")
    run_ready()


@shared_task(name="workers.tasks.run_jobs")
def run_jobs(queue: str = FAST) -> None:
    """Free jobs whose worker went silent and run what is ready in this queue."""
    jobs.sweep()
    if queue == EVALS:
        experiment_jobs.ensure()
        proposal_jobs.ensure()
    run_ready(queue)


@shared_task(name="workers.tasks.join_waiting_scores")
def join_waiting_scores() -> None:
    """Connect feedback with the calls that arrived after it."""
    while scores.join_waiting() >= 500:
        pass


@shared_task(name="workers.tasks.look_at_rollouts")
def look_at_rollouts() -> None:
    """Decide about every running rollout, and what that means for the fixes they prove, however many beats ring."""
    rollout_control.look_at_all()
    fix_following.follow(now=timezone.now())


@shared_task(name="workers.tasks.send_canary")
def send_canary() -> None:
    """Send this minute's canary through Callboard, however many beats ring."""
    canary.run()


def run_ready(queue: str = FAST) -> None:
    """Run ready jobs one after the other until none is left, or as many run as may run at once."""
    kinds, until = kinds_of(queue), time.monotonic() + (_FAST_TURN_SECONDS if queue == FAST else _SLOW_TURN_SECONDS)
    while time.monotonic() < until and not _is_full(queue) and (claimed := jobs.claim(kinds=kinds)):
        for job in claimed:
            _run(job)


def _is_full(queue: str) -> bool:
    """Tell whether the slow jobs already take all the processes that quick ones leave them; webhooks take one at most."""
    if queue == HOOKS:
        return jobs.running(kinds=kinds_of(HOOKS)) >= 1
    at_once = int(os.environ.get("CALLBOARD_SLOW_JOBS", "0"))
    slow = [kind for name in JOB_QUEUES if name not in (FAST, HOOKS) for kind in kinds_of(name)]
    return queue != FAST and at_once > 0 and jobs.running(kinds=slow) >= at_once


def _run(job: Job) -> None:
    try:
        KINDS[job.kind](job)
        jobs.finish(job=job)
    except LeaseLost:
        log.warning("a job was taken over by another worker", kind=job.kind, job=job.pk)
    except SoftTimeLimitExceeded:
        jobs.fail(job=job, error="It took longer than a job may take.")
        # The task has had its time: what waits is for the next one.
        raise
    except Exception as error:
        # The edge of one job: it is given back with its reason, the others go on.
        log.exception("a job failed", kind=job.kind, job=job.pk)
        jobs.fail(job=job, error=f"{type(error).__name__}: {error}")
