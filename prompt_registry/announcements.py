"""Tells every live process that prompts changed: a PostgreSQL notification that arrives when the change is committed."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

CHANNEL = "callboard_prompts"
_MAX_DIGITS = 20
# The number of the transaction is the token of the change: whoever reads later can tell exactly whether they saw it.
_NOTIFY = """
    SELECT pg_notify(%s, json_build_object('project', %s::bigint, 'name', %s::text, 'labels', %s::text[],
                                           'change', pg_current_xact_id()::text)::text)
"""


def announce(*, project_id: int, name: str = "", labels: Iterable[str] = ()) -> None:
    """Say, when the current transaction commits, that a prompt changed; without a name all, without labels under any."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTIFY, [CHANNEL, project_id, name, sorted(labels)])


def clean_token(text: str) -> str:
    """Return the token of a change as a client sent it, or nothing when it is none."""
    return text if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else ""


def is_seen(*, change: str, snapshot: str) -> bool:
    """Tell whether what a transaction changed is part of what a database snapshot (`xmin:xmax:running`) shows."""
    oldest_running, next_number, running = snapshot.split(":")
    if int(change) < int(oldest_running):
        return True
    return int(change) < int(next_number) and change not in running.split(",")
