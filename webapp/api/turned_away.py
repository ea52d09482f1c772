"""Counts requests that were refused, for the page that shows what arrived; never in the way of the answer."""

from __future__ import annotations

import threading
from collections import Counter

import structlog
from django.db import Error, transaction
from psycopg_pool import PoolTimeout

from projects import refusals
from projects.keys import Caller

log = structlog.get_logger("callboard.ingest")

_counted: Counter[tuple[int, str, str]] = Counter()
_lock = threading.Lock()


def remember(*, caller: Caller, reason: str) -> None:
    """Count one refusal in memory; whoever is served next writes it down."""
    with _lock:
        _counted[caller.project_id, caller.key_id, reason] += 1


def write_down() -> None:
    """Store what was counted since the last time; what cannot be stored now is kept for later."""
    if not _counted:
        return
    with _lock:
        taken = list(_counted.items())
        _counted.clear()
    try:
        with transaction.atomic():
            for (project_id, key_id, reason), count in sorted(taken):
                refusals.note(key_id=key_id, reason=reason, project_id=project_id, count=count)
    except (Error, PoolTimeout):
        log.warning("refused requests could not be written down yet", requests=sum(count for _, count in taken))
        with _lock:
            _counted.update(dict(taken))


def forget() -> None:
    """Empty this process's memory of refusals."""
    with _lock:
        _counted.clear()
