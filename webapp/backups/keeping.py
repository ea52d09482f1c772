"""The rounds of backups: one at a time on the whole installation, made often, brought back now and then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from django.utils import timezone

from projects.models import BackupKind
from webapp.backups import files, making, records, restoring
from webapp.backups.errors import BackupFailed
from webapp.backups.files import Backup
from webapp.backups.servers import Server

_LOCK = 7_204_311


def make(*, server: Server, directory: Path, keep_newest: int) -> Backup:
    """Make a backup, write it down, and remove the oldest beyond those to keep."""
    with _alone(server), records.recorded(BackupKind.MADE) as run:
        backup = making.make(server=server, directory=directory, now=timezone.now())
        records.fill(run, backup)
        files.remove_old(directory, keep_newest=keep_newest)
    return backup


def check(*, server: Server, backup: Backup) -> None:
    """Bring a backup back beside the database, compare it, and write that down."""
    with _alone(server), records.recorded(BackupKind.CHECKED) as run:
        records.fill(run, backup)
        restoring.check(server=server, backup=backup)


def round_is_due(kind: BackupKind, every: timedelta) -> bool:
    """Tell whether the last one that went well is so long ago."""
    last = records.last_done(kind)
    return last is None or timezone.now() - last.started_at >= every


@contextmanager
def _alone(server: Server) -> Iterator[None]:
    """Hold the installation's one place for backups."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if not row or not row[0]:
            raise BackupFailed("Another backup of this installation is being made or checked right now.")
        records.close_forgotten()
        yield
