"""The worker's Celery application with one more kind of job: slow enough to be stopped in the middle of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workers.app import app
from workers.job_kinds import KINDS

if TYPE_CHECKING:
    from projects.models import Job

SLOW = "faults.slow"
SECONDS = 3.0

__all__ = ["app"]


def _work(job: Job) -> None:
    """Leave a line of evidence at the beginning and at the end."""
    evidence = Path(os.environ["FAULTS_EVIDENCE"])
    for step in ("began", "ended"):
        with evidence.open("a", encoding="ascii") as file:
            file.write(f"{job.pk} {os.environ['CALLBOARD_PROCESS']} {step}\n")
        if step == "began":
            time.sleep(SECONDS)


KINDS[SLOW] = _work
