"""Options that several verbs share."""

from __future__ import annotations

import argparse


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options of every verb that works on an installation."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="data directory of the running Callboard (default: .callboard in the checkout); DATABASE_URL wins",
    )
