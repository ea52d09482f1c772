"""Makes and mails the weekly reports as jobs; each may run twice at any time."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from monitoring.weekly import mails, reports, weeks
from projects import jobs
from projects.models import Job, Project

_LEASE = timedelta(minutes=5)


def plan(job: Job) -> None:
    """Ask for the reports that are due, and for mails that could not go out."""
    mails.plan(now=timezone.now())


def report(job: Job) -> None:
    """Count a week of a project and, when it is Monday, tell its members."""
    if job.project_id is None:
        return
    project = Project.objects.get(pk=job.project_id)
    # Two weeks of calls are read in one go.
    jobs.renew(job=job, lease=_LEASE)
    now = timezone.now()
    week = reports.week_of(project=project, monday=date.fromisoformat(job.payload["monday"]), now=now)
    if week is None:
        return
    kept = reports.kept_of(project=project, week=week, now=now)
    if weeks.is_mail_due(week, now, settings.REPORT_TIME_ZONE):
        mails.tell(report=kept)


def mail(job: Job) -> None:
    """Send one person the report."""
    mails.send(mail_id=int(job.payload["mail"]), now=timezone.now())
