"""Batches that change what is stored take turns."""

from __future__ import annotations

from django.db import connection

_LOCK = 7_204_119


def wait_for_turn(project_id: int) -> None:
    """Let one such batch of a project at a time through, until the end of the transaction.

    A batch that changes stored spans changes counters that other batches change too: at the same time they would wait for
    each other in a circle, which the database ends only after a second.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, project_id % 2**31])
