"""Brings a backup back: beside the database to compare it, or in its place."""

from __future__ import annotations

import secrets as random
from datetime import UTC, datetime

import psycopg

from webapp.backups import contents, files
from webapp.backups.errors import BackupDiffers, DatabaseInUse
from webapp.backups.files import Backup
from webapp.backups.servers import Server, run_program

_MOST_DIFFERENCES = 5


def check(*, server: Server, backup: Backup) -> None:
    """Bring the backup back into a database of its own, compare it with what went in, and drop it again.

    Raises NotABackup when the file was changed, BackupDiffers when something is missing or reads otherwise.
    """
    files.demand_whole(backup)
    name = f"{server.name}_check_{random.token_hex(4)}"
    server.make_database(name)
    try:
        _fill(server, backup, name)
    finally:
        server.drop_database(name)


def replace(*, server: Server, backup: Backup, now: datetime) -> str:
    """Put the backup in the place of the database, and return the name under which that is kept.

    The backup is brought back and compared beside it first: when anything goes wrong, nothing has changed.
    Raises DatabaseInUse while anybody is connected.
    """
    files.demand_whole(backup)
    if guests := server.guests(server.name):
        raise DatabaseInUse(
            f"These are connected to the database: {', '.join(guests)}. Stop Callboard (all its processes) and try again."
        )
    name, kept = f"{server.name}_new_{random.token_hex(4)}", f"{server.name}_before_{now.astimezone(UTC):%Y%m%d_%H%M%S}"
    server.make_database(name)
    try:
        _fill(server, backup, name)
        server.put_in_place(name, kept=kept)
    except BaseException:
        server.drop_database(name)
        raise
    return kept


def _fill(server: Server, backup: Backup, name: str) -> None:
    run_program(
        "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={name}", str(backup.path),
        url=server.beside(name),
    )  # fmt: skip
    with psycopg.connect(server.beside(name), autocommit=True) as connection:
        wrong = contents.differences(connection, backup.contents)
    if wrong:
        more = f", and {len(wrong) - _MOST_DIFFERENCES} more" if len(wrong) > _MOST_DIFFERENCES else ""
        raise BackupDiffers(
            f"What came out of the backup is not what went in: {'; '.join(wrong[:_MOST_DIFFERENCES])}{more}."
        )
