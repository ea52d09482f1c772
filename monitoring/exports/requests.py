"""Asking for an export, stopping it, and deleting its file before its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone

from monitoring import stored_filters
from monitoring.errors import MonitoringError
from monitoring.exports import running
from monitoring.exports.models import OPEN, Export, ExportedText, ExportKind, ExportPart, ExportState
from monitoring.trace_filters import TraceFilter
from projects import audit, jobs
from projects.models import Project, User

MOST_OPEN = 3
MOST_COUNTED = 5_000_000
_COUNT_MS = 3_000


class ExportRefused(MonitoringError):
    """This cannot be exported."""


class TooManyExports(ExportRefused):
    """Three exports are being written already. Wait for one of them, or stop it."""


def expected(*, project: Project, wanted: TraceFilter) -> int | None:
    """Return how many traces pass the filter, up to a limit; None when counting takes too long."""
    rows = wanted.rows(project).filter(wanted.rest, wanted.found(project, since=wanted.start, until=wanted.end))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_COUNT_MS}")
            return rows.order_by()[:MOST_COUNTED].count()
    except OperationalError:
        return None


@transaction.atomic
def ask(
    *, project: Project, kind: str, wanted: TraceFilter, words: str, options: Mapping[str, Any] | None = None, by: User | None
) -> Export:  # fmt: skip
    """Ask for a file of the calls that pass the filter; a worker begins at once."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Export.objects.filter(project=project, state__in=OPEN).count() >= MOST_OPEN:
        raise TooManyExports
    export = Export.objects.create(
        project=project, kind=ExportKind(kind), wanted=stored_filters.to_json(wanted), words=words[:2_000],
        options=dict(options or {}), expected_count=expected(project=project, wanted=wanted), requested_by=by,
    )  # fmt: skip
    audit.record(action="export.requested", subject=f"{export.kind} {export.pk}", by=by, project=project)
    jobs.add(
        kind=running.KIND, dedupe_key=f"export {export.pk}", payload={"export": export.pk}, project_id=project.pk
    )  # fmt: skip
    return export


@transaction.atomic
def stop(*, export: Export, by: User | None) -> bool:
    """Stop writing a file and delete what is there of it; return False when it was over already."""
    stopped = Export.objects.filter(pk=export.pk, state__in=OPEN).update(
        state=ExportState.STOPPED, finished_at=timezone.now()
    )
    if stopped:
        _forget(export, "export.stopped", by)
    return bool(stopped)


@transaction.atomic
def delete_file(*, export: Export, by: User | None) -> None:
    """Delete a finished file now."""
    Export.objects.filter(pk=export.pk, state=ExportState.DONE).update(expires_at=timezone.now())
    _forget(export, "export.deleted", by)


def note_download(*, export: Export, file: str, by: User | None) -> None:
    """Write down that somebody took a file away."""
    audit.record(
        action="export.downloaded", subject=f"{export.kind} {export.pk}", by=by, project=export.project, file=file
    )


def _forget(export: Export, action: str, by: User | None) -> None:
    ExportPart.objects.filter(export=export).delete()
    ExportedText.objects.filter(export=export).delete()
    audit.record(action=action, subject=f"{export.kind} {export.pk}", by=by, project=export.project)
