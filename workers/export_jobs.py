"""Writes exports as a job: as much as fits into a turn, then the next job goes on from the place that is stored."""

from __future__ import annotations

import time
from datetime import timedelta

from evals.training import making
from monitoring.exports import running
from monitoring.exports.calls import CallLines
from monitoring.exports.models import TRAINING, Export
from monitoring.exports.running import Maker
from projects import jobs
from projects.models import Job

# Below the time a task may take; other projects get their turn in between.
_TURN_SECONDS = 45.0
_LEASE = timedelta(seconds=120)
_GAVE_UP = "Callboard could not write this file. Ask for it again, with a smaller choice of calls if it happens again."


def run(job: Job) -> None:
    """Go on with an export."""
    export_id, until = int(job.payload["export"]), time.monotonic() + _TURN_SECONDS

    def keep() -> bool:
        jobs.renew(job=job, lease=_LEASE)
        return time.monotonic() < until

    try:
        has_more = running.run(export_id=export_id, make=maker_of, keep=keep, tries=job.attempts)
    except Exception:
        if job.attempts >= job.max_attempts:
            running.fail(export_id=export_id, problem=_GAVE_UP)
        raise
    if has_more:
        jobs.add(
            kind=running.KIND, dedupe_key=f"export {export_id} after {job.pk}.{job.attempts}", payload=job.payload,
            project_id=job.project_id,
        )  # fmt: skip


def maker_of(export: Export) -> Maker:
    """Return what makes the lines of an export."""
    return making.maker_of(export) if export.kind in TRAINING else CallLines(export)
