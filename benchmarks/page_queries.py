"""Asks for pages inside this process, and shows how the database answers the queries that took longest.

Prints one JSON object; runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django

from benchmarks.figures import Figures

_LONGEST_QUERY = 2_000


@dataclass(frozen=True)
class Asked:
    """One query of a page, and how long the database took."""

    page: str
    seconds: float
    sql: str
    values: Any


def main() -> None:
    """Ask for every page and print the slowest queries with their plans, the slowest first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    sys.stdout.write(json.dumps(slowest(json.loads(sys.argv[2]), most=int(sys.argv[1]))) + "\n")


def slowest(pages: dict[str, tuple[str, dict[str, str]]], *, most: int) -> list[Figures]:
    """Return the queries that took longest, each text once."""
    found: dict[str, Asked] = {}
    for name, (path, headers) in pages.items():
        for one in _asked_by(name, path, headers):
            if one.sql not in found or found[one.sql].seconds < one.seconds:
                found[one.sql] = one
    longest = sorted(found.values(), key=lambda one: -one.seconds)[:most]
    return [
        {"page": one.page, "ms": round(one.seconds * 1000, 1), "sql": one.sql[:_LONGEST_QUERY], "plan": _plan(one)}
        for one in longest
    ]


def _asked_by(name: str, path: str, headers: dict[str, str]) -> list[Asked]:
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    client = Client(headers=headers, SERVER_NAME=settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost")
    found: list[Asked] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            found.append(Asked(name, time.perf_counter() - began, sql, params))

    client.get(path)
    with connection.execute_wrapper(watch):
        client.get(path)
    return found


def _plan(asked: Asked) -> list[str]:
    from django.db import DatabaseError, connection

    if not asked.sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {asked.sql}", asked.values)
            return [row[0] for row in cursor.fetchall()]
    except DatabaseError as error:
        return [str(error)]


if __name__ == "__main__":
    main()
