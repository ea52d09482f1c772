"""Keeps a flood from taking the process down: what cannot start soon is told to come back."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from webapp import disk, draining
from webapp.api.errors import ApiError

_WAIT_SECONDS = 1.0

_slots = threading.BoundedSemaphore(settings.INGEST_IN_FLIGHT)


@contextmanager
def admitted() -> Iterator[None]:
    """Hold one of the ingest slots, or raise ApiError 503 when none gets free within a second or nothing is taken now."""
    demand_open()
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise busy("Callboard is busy. Nothing was stored, the client will try again.", kind="in_flight")
    try:
        yield
    finally:
        _slots.release()


def demand_open() -> None:
    """Raise ApiError 503 when nothing new is taken: the process is ending, or the disk is nearly full."""
    if draining.is_draining():
        raise busy("This Callboard process is ending. Nothing was stored, the client will try again.", kind="draining")
    if disk.guard.tier >= disk.Tier.NO_INGEST:
        raise busy(
            "The disk of the Callboard server is nearly full; free some space. Nothing was stored, the client will try again.",
            kind="disk",
        )


def busy(sentence: str, *, kind: str = "") -> ApiError:
    """Return a refusal that every client retries; the spread keeps them from coming back together."""
    return ApiError(503, sentence, headers={"Retry-After": str(random.randint(1, 5))}, kind=kind)  # noqa: S311
