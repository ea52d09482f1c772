"""What each kind of job does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from monitoring import partitions, retention
from projects import jobs, sign_in_attempts
from projects.models import Job
from prompt_registry import schedules
from workers import canary


def _ensure_partitions(job: Job) -> None:
    partitions.ensure()


def _housekeeping(job: Job) -> None:
    jobs.delete_finished(older_than=timedelta(days=1))
    sign_in_attempts.delete_old()
    retention.delete_expired()
    canary.forget_old()
    call_command("clearsessions")


def _publish_as_planned(job: Job) -> None:
    schedules.run(schedule_id=int(job.payload["schedule"]), now=timezone.now())


KINDS: dict[str, Callable[[Job], None]] = {
    "partitions.ensure": _ensure_partitions,
    "housekeeping": _housekeeping,
    canary.KIND: canary.arrive,
    schedules.KIND: _publish_as_planned,
}

FAST = "fast"
# Kinds that run for long have a queue of their own, so that no quick one waits behind them.
_QUEUE_OF: dict[str, str] = {}


def queue_of(kind: str) -> str:
    """Return the queue that jobs of this kind run in."""
    return _QUEUE_OF.get(kind, FAST)


def kinds_of(queue: str) -> list[str]:
    """Return the kinds of jobs that run in this queue."""
    return [kind for kind in KINDS if queue_of(kind) == queue]
