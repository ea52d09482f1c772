"""Decides when a run that could not write is tried again: eight tries within a day."""

from __future__ import annotations

from datetime import timedelta

_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
MOST_TRIES = len(_WAITS) + 1


def wait(*, tries: int) -> timedelta | None:
    """Return how long to wait after so many tries without anything written; None when it is given up."""
    return _WAITS[max(tries, 1) - 1] if tries < MOST_TRIES else None
