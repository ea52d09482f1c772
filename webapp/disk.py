"""How full the disk is, and what Callboard stops doing before the database would have to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from django.conf import settings

_GIGABYTE = 1024**3
_LOOK_AGAIN_SECONDS = 5.0


class Tier(IntEnum):
    """What still goes on."""

    FINE = 0
    LOW = 1
    NO_INGEST = 2
    READ_ONLY = 3


# A large disk is not full while gigabytes are free, so each limit has a share and an amount, and both must be undercut.
_LIMITS = (
    (Tier.READ_ONLY, 0.02, 2 * _GIGABYTE),
    (Tier.NO_INGEST, 0.05, 5 * _GIGABYTE),
    (Tier.LOW, 0.10, 10 * _GIGABYTE),
)


@dataclass(frozen=True, slots=True)
class Space:
    """The bytes of a disk."""

    total: int
    free: int

    @property
    def share(self) -> float:
        return self.free / self.total if self.total else 1.0


def tier_of(space: Space) -> Tier:
    """Return what may go on with so much space."""
    for tier, share, amount in _LIMITS:
        if space.share < share and space.free < amount:
            return tier
    return Tier.FINE


def read() -> Space:
    """Return the space of the disk that holds the data directory."""
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
    return Space(total=usage.total, free=usage.free)


class Guard:
    """Looks at the disk every few seconds at most."""

    def __init__(self, read: Callable[[], Space] = read, *, look_again_seconds: float = _LOOK_AGAIN_SECONDS) -> None:
        self.read = read
        self._look_again_seconds = look_again_seconds
        self._seen: tuple[float, Space] | None = None

    @property
    def space(self) -> Space:
        now = time.monotonic()
        if self._seen is None or now - self._seen[0] >= self._look_again_seconds:
            self._seen = (now, self.read())
        return self._seen[1]

    @property
    def tier(self) -> Tier:
        return tier_of(self.space)

    def in_words(self) -> str:
        """Return how much is free."""
        return f"{self.space.free / _GIGABYTE:.1f} GB free ({self.space.share:.0%})"

    def forget(self) -> None:
        """Look at the disk anew the next time."""
        self._seen = None


guard = Guard()
