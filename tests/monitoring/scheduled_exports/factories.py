"""Scheduled exports with defaults that tests override, and a day of calls for them to write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from monitoring.scheduled_exports import changes, running
from monitoring.scheduled_exports.changes import Wanted
from monitoring.scheduled_exports.models import ExportRun, ScheduledExport
from projects.models import Project, User
from tests.monitoring.factories import make_trace
from tests.monitoring.scheduled_exports.fake_store import ACCESS_KEY, BUCKET, REGION, SECRET, FakeStore


def noon(*, days_ago: int = 0) -> datetime:
    """Return noon of a day, in UTC; nothing of a test then depends on the hour at which it runs."""
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def make_calls(project: Project, count: int, *, days_ago: int = 1, **fields: Any) -> set[str]:
    """Store calls around noon of a day and return the ids of their traces."""
    at = noon(days_ago=days_ago)
    return {make_trace(project, at=at + timedelta(seconds=number), **fields) for number in range(count)}


def into_folder(project: Project, *, by: User, now: datetime | None = None, **values: Any) -> ScheduledExport:
    """Return an export to a folder of the server."""
    wanted = Wanted(**{"name": "Warehouse", "kind": "jsonl", "destination": "folder"} | values)
    return changes.create(project=project, wanted=wanted, by=by, now=now or noon())


def into_store(project: Project, store: FakeStore, *, by: User, secret: str = SECRET, **values: Any) -> ScheduledExport:
    """Return an export to the store."""
    usual = {
        "name": "Lake", "kind": "jsonl", "destination": "s3", "folder": "callboard", "endpoint": store.endpoint,
        "region": REGION, "bucket": BUCKET, "access_key": ACCESS_KEY,
    }  # fmt: skip
    return changes.create(project=project, wanted=Wanted(**usual | values), secret=secret, by=by, now=noon())


def write(run: ExportRun | None = None) -> ExportRun:
    """Write a run to its end, or until it fails, and return it as it is then."""
    run = run or ExportRun.objects.latest("pk")
    running.run(run_id=run.pk, keep=lambda: True)
    return ExportRun.objects.select_related("scheduled_export__project", "project").get(pk=run.pk)
