"""Plans the runs that are due: every day or hour that is over and has none, however long nobody looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from monitoring.scheduled_exports import asking, periods
from monitoring.scheduled_exports.models import ExportRun, RunState, ScheduledExport
from monitoring.scheduled_exports.periods import Every
from projects.models import AuditEvent, Project

# A run that nothing happened to for so long has lost its job.
_SILENT = timedelta(minutes=20)


def plan(*, now: datetime) -> None:
    """Plan what is due of every export that is on, and ask again for runs whose job was lost."""
    for scheduled_id in ScheduledExport.objects.filter(is_on=True).order_by("pk").values_list("pk", flat=True):
        plan_one(scheduled_id=scheduled_id, now=now)
    _ask_again(now)


@transaction.atomic
def plan_one(*, scheduled_id: int, now: datetime) -> int:
    """Plan what is due of one export; return how many runs that is."""
    scheduled = ScheduledExport.objects.select_for_update(no_key=True).filter(pk=scheduled_id, is_on=True).first()
    if scheduled is None:
        return 0
    every = Every(scheduled.every)
    due = periods.due(every, since=scheduled.next_at, now=now)
    if not due:
        return 0
    rows = [
        ExportRun(
            project_id=scheduled.project_id, scheduled_export=scheduled, starts_at=start,
            ends_at=periods.end_of(every, start),
        )
        for start in due
    ]  # fmt: skip
    # Somebody may have asked for one of them by hand already.
    ExportRun.objects.bulk_create(rows, ignore_conflicts=True)
    ScheduledExport.objects.filter(pk=scheduled.pk).update(next_at=periods.end_of(every, due[-1]))
    for run in scheduled.runs.filter(starts_at__in=due, state=RunState.WAITING).order_by("starts_at"):
        asking.ask(run)
    return len(due)


def has_delivered(project: Project) -> bool:
    """Tell whether calls of the project may lie in files out of reach; the log of changes outlives the exports themselves."""
    return AuditEvent.objects.filter(project=project, action="scheduled_export.created").exists()


def _ask_again(now: datetime) -> None:
    silent = ExportRun.objects.open().filter(touched_at__lt=now - _SILENT)
    due = silent.filter(Q(next_try_at=None) | Q(next_try_at__lt=now - _SILENT))
    wanted = due.filter(Q(scheduled_export__is_on=True) | Q(requested_by__isnull=False))
    for run in wanted.order_by("pk")[: periods.MOST_AT_ONCE]:
        asking.ask(run, once_more=f" at {now:%Y%m%d%H}")
