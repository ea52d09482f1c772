"""`callboard migrate`."""

from __future__ import annotations

import argparse
from typing import Any

from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("migrate", help="bring the database to this version of Callboard")
    add_common(parser)
    parser.set_defaults(run=run)


@plainly
def run(args: argparse.Namespace) -> int:
    """Apply the migrations that are missing."""
    connect(args.data_dir)
    from webapp.cli.preparation import migrate

    applied = migrate()
    text = (
        f"The database is up to date; {applied} migrations were applied."
        if applied
        else "The database was up to date already."
    )
    return answer(args, {"applied": applied}, text=text)
