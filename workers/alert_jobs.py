"""Looks at the alerts of projects as jobs, every minute; each may run twice at any time."""

from __future__ import annotations

from django.utils import timezone

from monitoring.alerts import looking
from projects import jobs
from projects.models import Job


def plan(job: Job) -> None:
    """Ask for a look at every project that has alerts."""
    for project_id in looking.waiting():
        jobs.add(kind=looking.RUN_KIND, dedupe_key=f"{project_id} after {job.pk}", project_id=project_id)


def run(job: Job) -> None:
    """Look at the alerts of a project."""
    if job.project_id is not None:
        looking.look_at_all(project_id=job.project_id, now=timezone.now(), keep=lambda: jobs.renew(job=job))
