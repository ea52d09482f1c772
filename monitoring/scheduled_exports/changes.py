"""Making, changing, pausing and removing scheduled exports, and asking for a run; secrets are only ever written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from monitoring.exports.models import ExportKind
from monitoring.scheduled_exports import asking, buckets, folders, periods, planning
from monitoring.scheduled_exports.errors import (
    AccessKeyMissing,
    BucketRefused,
    EndpointRefused,
    FolderRefused,
    FoldersAreOff,
    NameMissing,
    SecretMissing,
    TooManyScheduledExports,
)
from monitoring.scheduled_exports.models import OPEN, Destination, ExportRun, RunState, ScheduledExport
from monitoring.scheduled_exports.periods import Every
from projects import audit, secrets
from projects.models import Project, User
from projects.outbound.errors import OutboundError

MOST = 10
USUAL_REGION = "us-east-1"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# What a secret is bound to: with another of these, the stored one is not sent.
_BOUND = ("endpoint", "bucket", "access_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to go where."""

    name: str
    kind: str
    destination: str
    every: str = Every.DAY.value
    rows: str = "calls"
    environment: str = ""
    folder: str = ""
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    access_key: str = ""


def create(
    *, project: Project, wanted: Wanted, secret: str = "", by: User, now: datetime | None = None
) -> ScheduledExport:
    """Return a new export; the last whole day or hour is written at once."""
    values = _checked(wanted)
    if values["destination"] == Destination.OBJECT_STORE and not secret.strip():
        raise SecretMissing
    now = now or timezone.now()
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if project.scheduled_exports.count() >= MOST:
            raise TooManyScheduledExports
        next_at = periods.last_whole(Every(wanted.every), now)
        made = ScheduledExport.objects.create(project=project, created_by=by, next_at=next_at, **values)
        _seal(made, secret)
        audit.record(
            action="scheduled_export.created", subject=made.name, by=by, project=project, **_public_values(made)
        )  # fmt: skip
        planning.plan_one(scheduled_id=made.pk, now=now)
    return made


def change(*, scheduled: ScheduledExport, wanted: Wanted, secret: str = "", by: User) -> ScheduledExport:
    """Change an export from the next run on. A stored secret never goes to another address, bucket or key."""
    values = _checked(wanted)
    # Another rhythm would leave gaps in what is there; it is an export of its own.
    values.pop("every")
    with transaction.atomic():
        kept = ScheduledExport.objects.select_for_update(of=("self",)).select_related("project").get(pk=scheduled.pk)
        before, bound = _public_values(kept), [getattr(kept, name) for name in _BOUND]
        for name, value in values.items():
            setattr(kept, name, value)
        if kept.destination == Destination.FOLDER or bound != [getattr(kept, name) for name in _BOUND]:
            kept.secret_sealed = None
        if kept.destination == Destination.OBJECT_STORE and kept.secret_sealed is None and not secret.strip():
            raise SecretMissing
        kept.save()
        _seal(kept, secret)
        audit.record(
            action="scheduled_export.changed", subject=kept.name, by=by, project=kept.project, before=before,
            after=_public_values(kept), secret_replaced=bool(secret.strip()),
        )  # fmt: skip
    return kept


@transaction.atomic
def switch(*, scheduled: ScheduledExport, on: bool, by: User) -> None:
    """Pause an export, or let it go on: what was missed meanwhile is written."""
    if not ScheduledExport.objects.filter(pk=scheduled.pk).exclude(is_on=on).update(is_on=on):
        return
    scheduled.is_on = on
    action = "scheduled_export.resumed" if on else "scheduled_export.paused"
    audit.record(action=action, subject=scheduled.name, by=by, project=scheduled.project)
    if on:
        planning.plan_one(scheduled_id=scheduled.pk, now=timezone.now())
        for run in scheduled.runs.open():
            ExportRun.objects.filter(pk=run.pk).update(round=F("round") + 1, next_try_at=None, tries=0)
            asking.ask(ExportRun.objects.get(pk=run.pk))


@transaction.atomic
def delete(*, scheduled: ScheduledExport, by: User) -> None:
    """Remove an export, its secret and its log. What was written stays where it is."""
    audit.record(
        action="scheduled_export.deleted", subject=scheduled.name, by=by, project=scheduled.project,
        **_public_values(scheduled),
    )  # fmt: skip
    scheduled.delete()


@transaction.atomic
def run_now(*, scheduled: ScheduledExport, by: User, now: datetime | None = None) -> ExportRun:
    """Write the last whole day or hour now, once more if it is written already."""
    every = Every(scheduled.every)
    start = periods.last_whole(every, now or timezone.now())
    run, _ = ExportRun.objects.get_or_create(
        scheduled_export=scheduled, starts_at=start,
        defaults={"project_id": scheduled.project_id, "ends_at": periods.end_of(every, start)},
    )  # fmt: skip
    return again(run=run, by=by)


@transaction.atomic
def again(*, run: ExportRun, by: User) -> ExportRun:
    """Write a day or hour once more, from its beginning; one that waits for its next try is tried at once."""
    locked = (
        ExportRun.objects.select_for_update(of=("self",)).select_related("scheduled_export__project").get(pk=run.pk)
    )
    from_start: dict[str, Any] = {}
    if locked.state not in OPEN:
        from_start = {"place": "", "parts": [], "trace_count": 0, "row_count": 0, "byte_count": 0, "finished_at": None}
    ExportRun.objects.filter(pk=run.pk).update(
        state=RunState.WAITING, tries=0, next_try_at=None, problem="", requested_by=by, round=F("round") + 1,
        touched_at=Now(), **from_start,
    )  # fmt: skip
    scheduled = locked.scheduled_export
    audit.record(
        action="scheduled_export.asked", subject=scheduled.name, by=by, project=scheduled.project, **locked.described()
    )
    fresh = ExportRun.objects.get(pk=run.pk)
    asking.ask(fresh)
    return fresh


def _checked(wanted: Wanted) -> dict[str, Any]:
    """Return what may be stored. Asked outside of any transaction: looking up a host may take seconds."""
    name = wanted.name.replace("\x00", "").strip()[:80]
    if not name:
        raise NameMissing
    values: dict[str, Any] = {
        "name": name, "kind": ExportKind(wanted.kind).value, "every": Every(wanted.every).value, "rows": wanted.rows,
        "environment": wanted.environment, "destination": Destination(wanted.destination).value,
        "folder": _checked_folder(wanted.folder), "endpoint": "", "region": "", "bucket": "", "access_key": "",
    }  # fmt: skip
    if wanted.destination == Destination.OBJECT_STORE:
        return values | _checked_bucket(wanted)
    if folders.base() is None:
        raise FoldersAreOff
    return values


def _checked_folder(path: str) -> str:
    try:
        return folders.checked(path)
    except FolderRefused as error:
        error.field = "folder"
        raise


def _checked_bucket(wanted: Wanted) -> dict[str, Any]:
    endpoint, bucket, access_key = wanted.endpoint.strip().rstrip("/"), wanted.bucket.strip(), wanted.access_key.strip()
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise BucketRefused
    if not access_key or not access_key.isascii() or not access_key.isprintable() or set(" ,/") & set(access_key):
        raise AccessKeyMissing
    region = wanted.region.strip() or USUAL_REGION
    if not re.fullmatch(r"[a-z0-9-]{1,40}", region):
        error = EndpointRefused("A region is written in small letters, digits and dashes, such as eu-central-1.")
        error.field = "region"
        raise error
    try:
        buckets.check(endpoint)
    except OutboundError as error:
        raise EndpointRefused(str(error)) from error
    return {"endpoint": endpoint, "bucket": bucket, "access_key": access_key, "region": region}


def _seal(scheduled: ScheduledExport, secret: str) -> None:
    if secret.strip() and scheduled.destination == Destination.OBJECT_STORE:
        scheduled.secret_sealed = secrets.seal(
            plain=secret.strip(), project_id=scheduled.project_id, field=scheduled.secret_field
        )
        scheduled.save(update_fields=["secret_sealed"])


def _public_values(scheduled: ScheduledExport) -> dict[str, Any]:
    names = ("name", "kind", "every", "rows", "environment", "destination", "folder", "endpoint", "region", "bucket")
    return {name: getattr(scheduled, name) for name in names}
