"""A bell that any thread can ring and one thread waits for."""

import contextlib
import threading


class Bell:
    """Unlike threading.Event it may be rung from a signal handler that interrupts a ring: no lock is held meanwhile."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Wake the waiting thread, or let its next wait end at once."""
        # Two threads may ring at the same moment; the second release has nothing left to do.
        with contextlib.suppress(RuntimeError):
            self._lock.release()

    def wait(self, timeout: float) -> bool:
        """Wait for the bell; tell whether it rang."""
        return self._lock.acquire(timeout=max(0.0, timeout))
