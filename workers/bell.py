"""Rings for a job over Redis. A ring that fails is no loss: the sweep finds the job."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import structlog
from kombu.exceptions import OperationalError

from workers.queues import options_of, queue_of

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger("callboard.bell")

# While Redis is away nobody waits for it again and again.
_PAUSE_SECONDS = 5.0
# By then the sweep has found the job.
_EXPIRES_SECONDS = 60.0
_silent_until = 0.0


@functools.cache
def _application() -> Celery:
    # Celery is loaded when the first job is added, not in every process that might add one.
    from workers.messaging import application

    return application()


def ring(kind: str) -> None:
    """Wake a worker of the queue that this kind of job runs in."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    queue = queue_of(kind)
    try:
        _application().send_task("workers.tasks.run_jobs", args=[queue], expires=_EXPIRES_SECONDS, **options_of(queue))
    except (OperationalError, OSError) as error:
        _silent_until = time.monotonic() + _PAUSE_SECONDS
        log.warning("no_ring", kind=kind, error=str(error))
