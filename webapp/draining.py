"""The last moments of a web process: it still answers, but says that it is going, so that nobody is cut off."""

from __future__ import annotations

import os
import signal
import threading
import time
from multiprocessing.sharedctypes import RawValue
from typing import Any

# Long enough for whoever watches /readyz to look once more where it matters, short enough for a restart within three seconds.
SECONDS = float(os.environ.get("CALLBOARD_DRAIN_SECONDS", "1"))
_RELOAD_SECONDS = 120.0

_has_begun = threading.Event()
# Lies in memory that the master process shares with its workers.
_reloaded_at = RawValue("d", 0.0)


def is_draining() -> bool:
    """Tell whether this process has been told to end."""
    return _has_begun.is_set()


def begin() -> None:
    """Say from now on that this process is going."""
    _has_begun.set()


def end() -> None:
    """Take that back."""
    _has_begun.clear()


def note_reload() -> None:
    """Remember that new workers take over at once, so that the old ones need not turn anybody away."""
    _reloaded_at.value = time.monotonic()


def drain_on_sigterm(worker: Any) -> None:
    """Let a gunicorn worker answer for a moment longer after SIGTERM, refusing what can be sent again later."""

    def told_to_end(number: int, frame: Any) -> None:
        if is_draining() or time.monotonic() - _reloaded_at.value < _RELOAD_SECONDS:
            worker.handle_exit(number, frame)
            return
        begin()
        timer = threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, told_to_end)
    signal.siginterrupt(signal.SIGTERM, False)
