"""Tells the workers that a job waits, so that none waits for the next sweep; without an answer the sweep finds it."""

from __future__ import annotations

from collections.abc import Callable

# Takes the kind of the job; never raises, and never holds up the caller for long.
Ringer = Callable[[str], None]


def _nobody(kind: str) -> None:
    """In a process that has no way to the workers."""


_ringer: Ringer = _nobody


def connect(ringer: Ringer) -> None:
    """Say how this process rings; the layer that knows the workers does that when it starts."""
    global _ringer
    _ringer = ringer


def ring(kind: str) -> None:
    """Wake a worker for jobs of this kind."""
    _ringer(kind)
