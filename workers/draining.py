"""Tells working processes that this worker is being stopped, so that they take nothing more and end what they have."""

from __future__ import annotations

import multiprocessing

from celery.signals import worker_shutting_down

# Made before the working processes are forked, who share it; Celery tells only their parent.
_stopping = multiprocessing.get_context("fork").Event()


@worker_shutting_down.connect
def _note(**_: object) -> None:
    _stopping.set()


def is_draining() -> bool:
    """Tell whether this worker is being stopped."""
    return _stopping.is_set()
