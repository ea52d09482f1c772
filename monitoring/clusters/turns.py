"""Lets one worker at a time rebuild the clusters of a project; the turn of a killed one ends with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

LOCK = 7_204_123


@contextmanager
def turn(project_id: int) -> Iterator[bool]:
    """Tell whether nobody else has the turn, and keep it as long as the block runs."""
    key = [LOCK, project_id % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        [(is_ours,)] = cursor.fetchall()
    try:
        yield is_ours
    finally:
        # With the connection gone the lock is gone as well.
        if is_ours and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
