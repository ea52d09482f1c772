"""`callboard backup` and `callboard restore`: everything of an installation in one file, and back."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.cli import layouts
from webapp.cli.instance import connect, running
from webapp.cli.layouts import Layout
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly, say
from webapp.supervisor.errors import StartError

if TYPE_CHECKING:
    from webapp.backups.files import Backup
    from webapp.backups.servers import Server

_KEPT = 7
_CHECK_DAYS = 7.0
_LOOK_SECONDS = 60.0
# What failed is not tried again at once: a dump of everything is a load of its own.
_PAUSE_SECONDS = 900.0


class StillRunning(StartError):
    """Callboard runs from this data directory. Stop it first (Ctrl-C where it was started), then bring the backup back."""


class NotConfirmed(StartError):
    """Nothing was changed. Say --yes when the backup may take the place of what is there; that is kept under another name."""


def add_parser(subparsers: Any) -> None:
    """Add the verbs to the command line."""
    backup = subparsers.add_parser("backup", help="put everything into one file, and prove that it comes out again")
    add_common(backup)
    backup.add_argument(
        "--to", metavar="DIR", type=Path, help="where backups lie (default: backups in the data directory)"
    )
    backup.add_argument(
        "--keep", metavar="N", type=_count, default=_KEPT, help="how many are kept (default: %(default)s)"
    )
    backup.add_argument(
        "--check", action="store_true", help="bring it back beside the database, compare, and drop that"
    )
    backup.add_argument(
        "--every", metavar="HOURS", type=_hours, help="go on: one every so many hours, checked every week, until ended"
    )
    backup.set_defaults(run=run_backup)
    restore = subparsers.add_parser("restore", help="put a backup in the place of the database")
    add_common(restore)
    restore.add_argument("file", type=Path, help="the file that ends in .dump; its .json lies beside it")
    restore.add_argument("--check", action="store_true", help="only bring it back beside the database and compare")
    restore.add_argument("--yes", action="store_true", help="do not ask")
    restore.set_defaults(run=run_restore)


@plainly
def run_backup(args: argparse.Namespace) -> int:
    """Make a backup, once or again and again."""
    connect(args.data_dir)
    directory = args.to or layouts.locate(args.data_dir).directory / "backups"
    if args.every:
        _go_on(args, directory)
    from webapp.backups import keeping

    server = _server()
    backup = keeping.make(server=server, directory=directory, keep_newest=args.keep)
    if args.check:
        keeping.check(server=server, backup=backup)
    checked = " It was brought back and compared." if args.check else ""
    text = f"{backup.path}: {backup.contents.rows} rows, {backup.size / 1e6:.1f} MB.{checked}\n{_KEY_REMINDER}"
    return answer(args, {**_facts(backup), "checked": args.check}, text=text)


@plainly
def run_restore(args: argparse.Namespace) -> int:
    """Bring a backup back, in the place of the database or only to compare."""
    from webapp.backups import files

    backup = files.read(args.file)
    layout = layouts.locate(args.data_dir)
    if args.check and (running(layout) or os.environ.get("DATABASE_URL")):
        return _check(args, backup)
    if running(layout) and not os.environ.get("DATABASE_URL"):
        raise StillRunning
    if not (args.yes or args.check or _says_yes(args, backup)):
        raise NotConfirmed
    with _database(layout):
        return _check(args, backup) if args.check else _replace(args, backup)


_KEY_REMINDER = "Keep the master key elsewhere as well: without it the keys of model providers cannot be read."


def _check(args: argparse.Namespace, backup: Backup) -> int:
    connect(args.data_dir)
    from webapp.backups import keeping

    keeping.check(server=_server(), backup=backup)
    return answer(args, {**_facts(backup), "checked": True}, text=f"What came out of {backup.path} is what went in.")


def _replace(args: argparse.Namespace, backup: Backup) -> int:
    connect(args.data_dir)
    from django.db import ProgrammingError, connections
    from django.utils import timezone

    from projects import secrets
    from webapp.backups import records, restoring

    connections.close_all()
    kept = restoring.replace(server=_server(), backup=backup, now=timezone.now())
    # A backup holds itself as one that is just being made; one of an older version holds none.
    with contextlib.suppress(ProgrammingError):
        records.close_forgotten("This is the backup that was brought back: its end is not in it.")
    has_key = secrets.key_id() == backup.key_id
    text = f"The backup of {backup.made_at:%-d %b %Y %H:%M} UTC is the database now. What was there before is kept as {kept}."
    if not has_key:
        text += (
            "\nThis installation has another master key than the one of the backup: the stored keys of model providers cannot "
            "be read. Put the old master.key in its place, or enter those keys again. Prompts are served all the same."
        )
    return answer(args, {**_facts(backup), "kept_as": kept, "has_its_master_key": has_key}, text=text)


def _go_on(args: argparse.Namespace, directory: Path) -> None:
    """Make and check backups when they are due, until the process is ended; a failure is written down and tried again."""
    from datetime import timedelta

    from projects.models import BackupKind
    from webapp.backups import files, keeping

    every, server = timedelta(hours=args.every), _server()
    while True:
        try:
            if keeping.round_is_due(BackupKind.MADE, every):
                say(f"Made {keeping.make(server=server, directory=directory, keep_newest=args.keep).path}")
            if keeping.round_is_due(BackupKind.CHECKED, timedelta(days=_CHECK_DAYS)) and files.newest_first(directory):
                keeping.check(server=server, backup=files.newest_first(directory)[0])
                say("The newest backup was brought back and compared.")
        except Exception as error:  # the edge of one round: the next one may go well
            say(f"callboard: {error}")
            time.sleep(_PAUSE_SECONDS)
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _database(layout: Layout) -> Iterator[None]:
    """Have the database at hand: the one that is named, else the embedded one, alone."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    from webapp.cli.up import start_postgres, take_lock
    from webapp.supervisor.supervisor import Supervisor

    layouts.make(layout)
    lock = take_lock(layout)
    cast = Supervisor(record=layout.record, say=lambda text: None)
    try:
        os.environ["DATABASE_URL"] = start_postgres(layout, cast)
        os.environ.setdefault("CALLBOARD_DATA_DIR", str(layout.directory))
        yield
    finally:
        os.environ.pop("DATABASE_URL", None)
        cast.stop()
        lock.release()


def _says_yes(args: argparse.Namespace, backup: Backup) -> bool:
    import sys

    if args.json or not sys.stdin.isatty():
        return False
    say(f"{backup.path} of {backup.made_at:%-d %b %Y %H:%M} UTC: {backup.contents.rows} rows.")
    return (
        input("Put it in the place of the database? What is there is kept under another name. [y/N] ").strip().lower()
        == "y"
    )


def _server() -> Server:
    from webapp.backups.servers import Server

    return Server(os.environ["DATABASE_URL"])


def _facts(backup: Backup) -> dict[str, Any]:
    return {
        "file": str(backup.path), "made_at": backup.made_at.isoformat(), "size": backup.size, "rows": backup.contents.rows,
        "looked_at_rows": backup.contents.samples, "key_id": backup.key_id, "version": backup.version,
    }  # fmt: skip


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000:
        raise argparse.ArgumentTypeError("between 1 and 1000")
    return number


def _hours(text: str) -> float:
    hours = float(text)
    if not 0.25 <= hours <= 24 * 31:
        raise argparse.ArgumentTypeError("between 0.25 and 744 hours")
    return hours
