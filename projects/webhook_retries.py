"""Decides when a webhook that failed is tried again: eight tries within a day."""

from __future__ import annotations

from datetime import timedelta

# After the first failure, the second and so on; with the last one the day is over.
_WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=14),
)
MAX_TRIES = len(_WAITS) + 1
# Many events that failed together do not come back together.
_JITTER = 0.1
GONE = 410


def wait(*, tries: int, status: int | None, roll: float) -> timedelta | None:
    """Return how long to wait after so many failures, None when it is over; `roll` is random in [0, 1)."""
    if status == GONE or tries >= MAX_TRIES:
        return None
    return _WAITS[max(tries, 1) - 1] * (1 + _JITTER * roll)
