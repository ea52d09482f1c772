"""How the installation itself is: for its owners, on one page."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone

from monitoring import partitions
from projects.models import BackupKind
from webapp.access import SignedInRequest, owners_only
from webapp.backups import records
from webapp.system import checks, storage, work
from webapp.system.checks import Finding, Status

_BACKUPS_SHOWN = 8
_BACKUP_IS_OLD, _PROOF_IS_OLD = timedelta(days=2), timedelta(days=10)
_FEWEST_DAYS_AHEAD = 7


@owners_only
def system(request: SignedInRequest) -> HttpResponse:
    """Show what was checked, what waits, what takes space, and when a backup was last proved."""
    found = [*checks.run_here(), _backups(), _partitions()]
    stored, queues = storage.look(), work.queues()
    context = {
        "page_title": "System", "version": version("callboard-server"),
        "findings": [(finding, _KINDS[finding.status]) for finding in found],
        "verdict": _verdict(found), "verdict_kind": _KINDS[_worst(found)],
        "storage": stored, "queues": queues, "dead": sum(queue.dead for queue in queues),
        "slow": work.slow_statements(), "backups": records.newest(limit=_BACKUPS_SHOWN),
    }  # fmt: skip
    return render(request, "system/system.html", context)


_KINDS = {Status.OK: "good", Status.WARNING: "warn", Status.FAILED: "bad"}


def _worst(found: list[Finding]) -> Status:
    return max((finding.status for finding in found), key=list(_KINDS).index)


def _verdict(found: list[Finding]) -> str:
    named = [finding.name for finding in found if finding.status is not Status.OK]
    return f"Look at: {', '.join(named)}." if named else "Everything that was checked is as it should be."


def _backups() -> Finding:
    made, proved = records.last_done(BackupKind.MADE), records.last_done(BackupKind.CHECKED)
    if made is None:
        return Finding(
            "Backups", Status.WARNING, "none was ever made; set CALLBOARD_BACKUP_DIR, or run `callboard backup`"
        )
    if timezone.now() - made.started_at > _BACKUP_IS_OLD:
        return Finding("Backups", Status.WARNING, f"the last one was made on {made.started_at:%-d %b %Y %H:%M} UTC")
    if proved is None or timezone.now() - proved.started_at > _PROOF_IS_OLD:
        return Finding("Backups", Status.WARNING, "none was brought back lately; run `callboard backup --check`")
    return Finding(
        "Backups", Status.OK,
        f"made {made.started_at:%-d %b %H:%M} UTC, brought back and compared {proved.started_at:%-d %b %H:%M} UTC",
    )  # fmt: skip


def _partitions() -> Finding:
    days = partitions.days_ahead()
    status = Status.OK if days >= _FEWEST_DAYS_AHEAD else Status.WARNING
    return Finding("Tables of the next days", status, f"are there for {max(days, 0)} days ahead")


urlpatterns: list[URLPattern] = [path("system/", system, name="system")]
