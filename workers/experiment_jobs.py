"""Runs experiments as a job: one pump holds many calls. A pump that is missing is started again by the sweep."""

from __future__ import annotations

import os
import time
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from evals.experiments import attempts, cells, ending, running
from evals.experiments.changes import RUN_KIND
from evals.experiments.running import AT_ONCE, Surroundings
from projects import jobs
from projects.models import Job, JobState
from workers import draining

# Short, so that the cells of a dead worker do not wait for a minute.
_LEASE = timedelta(seconds=20)
_SWEEP_SECONDS = 10


def run(job: Job) -> None:
    """Run what waits, and leave what is left after a turn to another job."""

    def keep() -> None:
        jobs.renew(job=job, lease=_LEASE)

    def hand_over() -> None:
        jobs.go_on(job=job)

    keep()
    if not _is_needed(job):
        return
    around = Surroundings(keep_job=keep, hand_over=hand_over, is_draining=draining.is_draining)
    running.run(surroundings=around, at_once=calls_at_once())


def ensure() -> None:
    """Start the pumps that are missing while experiments wait: a worker died, or Redis lost the ring.

    What a dead worker left behind is settled even where no work is left that needs a pump.
    """
    attempts.close_forgotten()
    ending.end_all_over()
    # One that failed is tried again later, and stands in nobody's way until then.
    is_active = Q(state=JobState.RUNNING) | Q(state=JobState.READY, run_at__lte=Now())
    active = Job.objects.filter(is_active, kind=RUN_KIND).count()
    if active < pumps() and cells.is_work_left():
        for number in range(active, pumps()):
            jobs.add(kind=RUN_KIND, dedupe_key=f"sweep {int(time.time()) // _SWEEP_SECONDS} {number}")


def calls_at_once() -> int:
    """Return how many calls one pump keeps under way."""
    return max(1, int(os.environ.get("CALLBOARD_EXPERIMENT_CALLS", str(AT_ONCE))))


def pumps() -> int:
    """Return how many pumps run at the same time, on all machines together."""
    return max(1, int(os.environ.get("CALLBOARD_EXPERIMENT_PUMPS", "1")))


def _is_needed(job: Job) -> bool:
    """Tell whether there is room for this pump; one that drains makes room for the next."""
    others = Job.objects.filter(kind=RUN_KIND, state=JobState.RUNNING).exclude(pk=job.pk)
    return others.count() < pumps() or job.dedupe_key.startswith(jobs.AFTER)
