"""Turns Ctrl-C and the signals that ask a process to stop into an exception."""

from __future__ import annotations

import signal
import time
from types import FrameType

# `make` and a terminal may both pass one Ctrl-C on, and nobody decides to hurry within a second.
SECONDS_BEFORE_HURRY = 1.0


class StopRequested(BaseException):
    """Somebody wants Callboard to stop; not an error, so no `except Exception` may swallow it."""


class StopSignals:
    """Raises StopRequested once for the first signal, and once more for a later Ctrl-C of somebody who cannot wait."""

    def __init__(self) -> None:
        self._stopping_since: float | None = None
        self._is_hurried = False

    def listen(self) -> None:
        """Hear Ctrl-C, SIGTERM and a closed terminal from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)

    def start_stopping(self) -> None:
        """Take the stop as begun: from here on only a Ctrl-C that comes later is heard."""
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._stopping_since is None:
            self.start_stopping()
            raise StopRequested
        waited = time.monotonic() - self._stopping_since
        if number == signal.SIGINT and waited > SECONDS_BEFORE_HURRY and not self._is_hurried:
            self._is_hurried = True
            raise StopRequested
