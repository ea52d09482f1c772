"""Keeps a flood from taking the process down: what cannot start soon is told to come back."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from webapp.api.errors import ApiError

_WAIT_SECONDS = 1.0
_DISK_CHECK_SECONDS = 5.0
_LEAST_FREE = 0.05

_slots = threading.BoundedSemaphore(settings.INGEST_IN_FLIGHT)
_disk: tuple[float, bool] = (0.0, True)


@contextmanager
def admitted() -> Iterator[None]:
    """Hold one of the ingest slots, or raise ApiError 503 when none gets free within a second or the disk is full."""
    if not _has_disk():
        raise busy(
            "The disk of the Callboard server is nearly full; free some space. Nothing was stored, the client will try again."
        )
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise busy("Callboard is busy. Nothing was stored, the client will try again.")
    try:
        yield
    finally:
        _slots.release()


def busy(sentence: str) -> ApiError:
    """Return a refusal that every client retries; the spread keeps them from coming back together."""
    return ApiError(503, sentence, headers={"Retry-After": str(random.randint(1, 5))})  # noqa: S311


def _has_disk() -> bool:
    global _disk
    checked_at, has_space = _disk
    now = time.monotonic()
    if now - checked_at > _DISK_CHECK_SECONDS:
        usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
        has_space = usage.free > usage.total * _LEAST_FREE or usage.free > 5 * 1024**3
        _disk = (now, has_space)
    return has_space
