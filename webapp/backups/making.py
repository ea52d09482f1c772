"""Makes a backup: a dump of one moment, and beside it what the database held at that very moment."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from projects import secrets
from webapp.backups import contents, files
from webapp.backups.files import Backup
from webapp.backups.servers import Server, run_program


def make(*, server: Server, directory: Path, now: datetime) -> Backup:
    """Return a new backup in the directory; while Callboard works on, it holds one moment of everything.

    Raises BackupFailed when it cannot be made; then nothing that looks like a backup is left.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = files.path_for(directory, now.astimezone(UTC))
    draft = path.with_name(f".{path.stem}.part")
    try:
        with psycopg.connect(server.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            found, postgres = contents.look(connection), _version(connection)
            _dump(server, connection, draft)
        backup = Backup(
            path=path, made_at=now, version=version("callboard-server"), postgres=postgres, key_id=secrets.key_id(),
            size=draft.stat().st_size, sha256=files.digest(draft), contents=found,
        )  # fmt: skip
        files.keep(backup, draft)
    finally:
        draft.unlink(missing_ok=True)
        draft.with_suffix(".manifest").unlink(missing_ok=True)
    return backup


def _dump(server: Server, connection: psycopg.Connection, draft: Path) -> None:
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    draft.touch(mode=0o600)
    # Comments on extensions belong to the superuser, owners and rights to the server it came from.
    run_program(
        "pg_dump", "--format=custom", f"--file={draft}", f"--snapshot={row[0] if row else ''}", "--no-owner",
        "--no-privileges", "--no-comments", url=server.url,
    )  # fmt: skip


def _version(connection: psycopg.Connection) -> str:
    number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"
