"""Registers the server's verbs with the `callboard` command (entry-point group `callboard.commands`)."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

MODULES = ("up", "projects", "people", "keys", "prices", "migrate", "server_check", "backup", "bench")


def add_commands(subparsers: Any) -> None:
    """Add every verb of the server; nothing heavy is imported before one is run."""
    for name in MODULES:
        # The image for servers comes without the benchmarks (.dockerignore).
        if importlib.util.find_spec(f"webapp.cli.{name}"):
            importlib.import_module(f"webapp.cli.{name}").add_parser(subparsers)
