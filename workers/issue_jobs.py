"""Looks at the issues of projects as jobs: some minutes after new calls were looked at, and every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from evals import fix_tests
from monitoring.issues import cycle
from monitoring.issues.models import IssueCycle
from projects import jobs
from projects.models import Job

# New calls are looked at every minute; what they mean is worked out for those of some minutes together.
TOGETHER = timedelta(minutes=5)
_LEASE = timedelta(minutes=5)


def ask(project_id: int) -> None:
    """Ask for a look at a project whose calls were looked at, once for all that comes within some minutes."""
    turn = int(timezone.now().timestamp() // TOGETHER.total_seconds()) + 1
    at = datetime.fromtimestamp(turn * TOGETHER.total_seconds(), tz=UTC)
    jobs.add(kind=cycle.RUN_KIND, dedupe_key=f"{project_id} at {turn}", project_id=project_id, run_at=at)


def ask_first(project_id: int) -> None:
    """Ask for the first look at a project at once: whoever just sent the first calls waits for what is found in them."""
    if not IssueCycle.objects.filter(project_id=project_id).exists():
        jobs.add(kind=cycle.RUN_KIND, dedupe_key=f"{project_id} first", project_id=project_id)


def plan(job: Job) -> None:
    """Ask for a look at every project that has issues or calls: time alone may change something."""
    for project_id in cycle.waiting():
        jobs.add(kind=cycle.RUN_KIND, dedupe_key=f"{project_id} after {job.pk}", project_id=project_id)


def run(job: Job) -> None:
    """Look at the issues of a project."""
    if job.project_id is not None:
        jobs.renew(job=job, lease=_LEASE)
        cycle.run(project_id=job.project_id, now=timezone.now())
        fix_tests.refresh_all(project_id=job.project_id, now=timezone.now())
