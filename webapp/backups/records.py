"""Writes down what happened to backups, so that people see when the last one was made and when one was last brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections
from django.db.models.functions import Now

from projects.models import BackupKind, BackupRun, BackupState
from webapp.backups.files import Backup


@contextmanager
def recorded(kind: BackupKind) -> Iterator[BackupRun]:
    """Write down that something begins, and how it ended when the block is over."""
    run = BackupRun.objects.create(kind=kind)
    try:
        yield run
    except Exception as error:
        _end(run, BackupState.FAILED, error=str(error)[:2_000])
        raise
    _end(run, BackupState.DONE)


def fill(run: BackupRun, backup: Backup) -> None:
    """Note what the run was about."""
    run.file, run.size = backup.path.name, backup.size
    run.rows, run.samples = backup.contents.rows, backup.contents.samples


def last_done(kind: BackupKind) -> BackupRun | None:
    """Return the newest one that went well."""
    return BackupRun.objects.filter(kind=kind, state=BackupState.DONE).order_by("-pk").first()


def newest(*, limit: int) -> list[BackupRun]:
    """Return the newest runs of both kinds."""
    return list(BackupRun.objects.order_by("-pk")[:limit])


def close_forgotten(because: str = "The process was ended in the middle of it.") -> None:
    """Close what is open without anybody at work; whoever calls this is the only one who could be."""
    BackupRun.objects.filter(state=BackupState.RUNNING).update(
        state=BackupState.FAILED, error=because, ended_at=Now()
    )  # fmt: skip


def _end(run: BackupRun, state: BackupState, *, error: str = "") -> None:
    # It may have taken hours.
    close_old_connections()
    BackupRun.objects.filter(pk=run.pk).update(
        state=state, error=error, ended_at=Now(), file=run.file, size=run.size, rows=run.rows, samples=run.samples
    )
