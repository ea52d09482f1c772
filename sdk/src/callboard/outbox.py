"""A bounded queue of things to send, and the background thread that sends them."""

import contextlib
import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from os import getpid
from time import sleep
from typing import Any, Final, Generic, TypeVar

from callboard.bell import Bell
from callboard.delivery import Batch, Courier, Route
from callboard.notices import notice
from callboard.spool import Spool

T = TypeVar("T")
MAX_ITEMS: Final = 10_000
MAX_BYTES: Final = 32 * 1024 * 1024
BATCH_ITEMS: Final = 512
BATCH_BYTES: Final = 2 * 1024 * 1024
# A little less than the two seconds that are promised: the process takes its time too.
_EXIT_SECONDS: Final = 1.5
# Without a pause the thread would never rest; with too long a one the lock refuses to wait.
_INTERVAL_SECONDS: Final = (0.01, 3600.0)
_GLANCE_SECONDS: Final = 0.005
# How full the queue may become before items go to disk, while the server is away and while it takes batches.
_CROWDED_WHEN_AWAY: Final = 0.5
_CROWDED: Final = 0.9
_LOOK_SECONDS: Final = 30.0


class Outbox(Generic[T]):
    """Takes items from any thread without ever blocking it, and sends them in batches."""

    def __init__(
        self,
        name: str,
        *,
        courier: Courier,
        route: Callable[[], Route],
        encode: Callable[[T], bytes],
        flush_at: int = BATCH_ITEMS,
        interval: float = 1.0,
        max_items: int = MAX_ITEMS,
        max_bytes: int = MAX_BYTES,
        spool: Spool | None = None,
    ) -> None:
        self._name = name
        self._courier = courier
        self._make_route = route
        self._encode = encode
        self._flush_at = min(flush_at, BATCH_ITEMS)
        self._interval = min(max(interval, _INTERVAL_SECONDS[0]), _INTERVAL_SECONDS[1])
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._spool = spool
        self._is_closed = False
        self._begin()

    def _begin(self) -> None:
        """Set everything up that a forked child must not share with its parent."""
        # Re-entrant, so that a signal handler which interrupts `put` can call it too.
        self._lock = threading.RLock()
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._accepted = 0
        self._settled = 0
        self._bell = Bell()
        self._thread: threading.Thread | None = None
        self._start_at = 0.0
        self._pid = getpid()
        self._route: Route | None = None
        self._relief_bell = Bell()
        self._relief: threading.Thread | None = None
        self._look_at = 0.0
        self._stored_before = 0
        self._sent_from_disk = 0
        # What the disk did not take, to be sent before everything else.
        self._unkept: deque[Batch] = deque()
        self._disk_again_at = 0.0

    @property
    def sent(self) -> int:
        """How many items the server has accepted."""
        return self._courier.sent

    @property
    def lost(self) -> int:
        """How many items will never arrive."""
        return self._courier.lost

    @property
    def stored(self) -> int:
        """How many items are, or were, kept on disk because the server was away."""
        return self._courier.stored

    def reset_after_fork(self) -> None:
        """Empty the queue of a forked child: its parent sends what was in it."""
        self._begin()
        self._courier.reset_after_fork()
        if self._spool is not None:
            self._spool.reset_after_fork()

    def put(self, item: T, size: int) -> bool:
        """Queue the item; when the queue is full the item is dropped and counted. Never blocks."""
        if self._pid != getpid():
            self.reset_after_fork()
        with self._lock:
            waiting = len(self._items)
            if self._is_closed or waiting >= self._max_items or self._bytes + size > self._max_bytes:
                self._courier.lose(1)
                return False
            self._items.append((item, size))
            self._bytes += size
            self._accepted += 1
        if self._thread is None:
            self._start()
        if waiting + 1 == self._flush_at:
            self._bell.ring()
        if self._spool is not None and self._is_crowded():
            self._relieve()
        return True

    def flush(self, timeout: float) -> bool:
        """Send what is queued now; tell whether all of it was settled in time. Always returns."""
        target, deadline = self._accepted, time.monotonic() + timeout
        is_settled = self._settled >= target or self._flush_queue(target, deadline)
        if is_settled and self._spool is not None:
            self._wait_until_sent_from_disk(deadline)
        return is_settled

    def _flush_queue(self, target: int, deadline: float) -> bool:
        if self._thread is None and not self._start():
            # At interpreter exit no thread can be started any more.
            self._drain(deadline)
            return self._settled >= target
        self._courier.hurry()
        self._bell.ring()
        return self._wait_until_settled(target, deadline)

    def _wait_until_settled(self, target: int, deadline: float) -> bool:
        # Looked at again and again, because a condition made before gevent patches its host might never be notified.
        while self._settled < target:
            # With a refused key, waiting would hold up the end of every program for nothing.
            if time.monotonic() >= deadline or self._courier.blocked_until > deadline:
                return self._settled >= target
            sleep(_GLANCE_SECONDS)
        return True

    def _wait_until_sent_from_disk(self, deadline: float) -> None:
        """Wait for what went to disk during a burst, as long as the server takes it: the disk may end with the process."""
        while self._sent_from_disk < self._courier.stored and self._courier.is_welcome:
            if time.monotonic() >= deadline:
                return
            sleep(_GLANCE_SECONDS)

    def finish(self, timeout: float) -> bool:
        """Send what is queued, or keep it on disk where that is allowed; for the end of a process. Always returns."""
        if self._spool is None:
            return self.flush(timeout)
        deadline = time.monotonic() + timeout
        return self.flush(timeout / 2) or self._store_rest(deadline)

    def close(self, timeout: float) -> bool:
        """Take no more items, send or store what is queued, and let the thread end. Always returns."""
        with self._lock:
            self._is_closed = True
        is_empty = self.finish(timeout)
        self._courier.stop()
        self._bell.ring()
        self._relief_bell.ring()
        return is_empty

    def _start(self) -> bool:
        with self._lock:
            if self._thread is not None:
                return True
            if time.monotonic() < self._start_at:
                return False
            thread = threading.Thread(target=self._run, name=f"callboard-{self._name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No thread can be had now; the items wait, and a later call tries again.
                self._start_at = time.monotonic() + 1.0
                return False
            self._thread = thread
        _send_before_worker_exit(self)
        return True

    def _run(self) -> None:
        while not self._courier.is_stopped:
            self._bell.wait(self._interval)
            try:
                self._drain(None)
                if self._spool is not None and self._courier.is_welcome:
                    self._send_stored(self._spool)
            except Exception:
                # The thread must outlive whatever happens to the disk; what is on it is tried again.
                notice("outbox", "callboard: sending failed in an unexpected way.", error=True)
        self._abandon()
        self._courier.report_losses()
        self._courier.close()

    def _abandon(self) -> None:
        with self._lock:
            count = len(self._items) + sum(len(batch.parts) for batch in self._unkept)
            self._items.clear()
            self._unkept.clear()
            self._bytes = 0
        self._courier.lose(count)
        self._settle(count)

    def _drain(self, deadline: float | None) -> None:
        while (self._items or self._unkept) and not self._courier.is_stopped:
            if deadline is not None and time.monotonic() >= deadline:
                return
            if self._unkept:
                self._send_unkept(self._unkept.popleft(), deadline)
                continue
            taken = self._take()
            try:
                for batch in self._batches(taken):
                    self._courier.deliver(batch, deadline=deadline)
            except Exception:
                # The thread must outlive any single batch.
                notice("outbox", "callboard: a batch could not be sent.", error=True)
                self._courier.lose(len(taken))
            finally:
                self._count_overwritten()
                self._settle(len(taken))
        self._courier.report_losses()

    def _send_unkept(self, batch: Batch, deadline: float | None) -> None:
        try:
            self._courier.deliver(batch, deadline=deadline)
        finally:
            self._count_overwritten()
            self._settle(len(batch.parts))

    def _is_crowded(self) -> bool:
        """Tell whether items should go to disk: to leave room for newer ones while the server is away, or for a burst."""
        share = _CROWDED_WHEN_AWAY if self._courier.is_away else _CROWDED
        return len(self._items) >= max(1, share * self._max_items) or self._bytes >= share * self._max_bytes

    def _relieve(self) -> None:
        """Let a thread of its own write to disk, because the sender may be waiting for the server."""
        if self._relief is None:
            with self._lock:
                if self._relief is not None:
                    return
                thread = threading.Thread(target=self._run_relief, name=f"callboard-{self._name}-disk", daemon=True)
                # Without a thread to spare the queue fills up, and the newest items are lost as usual.
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._relief = thread
        self._relief_bell.ring()

    def _run_relief(self) -> None:
        while not self._courier.is_stopped:
            self._relief_bell.wait(60.0)
            while self._is_crowded() and not self._courier.is_stopped and time.monotonic() >= self._disk_again_at:
                self._keep(self._take())

    def _keep(self, items: list[T]) -> None:
        """Write to disk; what it does not take is sent like everything else."""
        left = 0
        try:
            for batch in self._batches(items):
                if not self._courier.keep(batch):
                    self._unkept.append(batch)
                    left += len(batch.parts)
                    self._disk_again_at = time.monotonic() + _LOOK_SECONDS
        except Exception:
            # The thread must outlive any single batch.
            notice("outbox", "callboard: a batch could not be kept on disk.", error=True)
            self._courier.lose(len(items) - left)
        finally:
            self._count_overwritten()
            self._settle(len(items) - left)

    def _store(self, items: list[T]) -> None:
        try:
            for batch in self._batches(items):
                self._courier.give_up(batch)
        except Exception:
            # The thread must outlive any single batch.
            notice("outbox", "callboard: a batch could not be kept on disk.", error=True)
            self._courier.lose(len(items))
        finally:
            self._count_overwritten()
            self._settle(len(items))

    def _count_overwritten(self) -> None:
        """Count as lost what had to make room on disk, whichever process wrote it."""
        if self._spool is not None and self._spool.overwritten:
            count, self._spool.overwritten = self._spool.overwritten, 0
            self._courier.lose(count)

    def _store_rest(self, deadline: float) -> bool:
        """Keep on disk what is queued and what is being sent; tell whether there was time for all of it."""
        in_hand = self._courier.in_hand
        if in_hand is not None:
            self._courier.give_up(in_hand)
        while self._unkept:
            batch = self._unkept.popleft()
            self._courier.give_up(batch)
            self._settle(len(batch.parts))
        while self._items:
            if time.monotonic() >= deadline:
                return False
            self._store(self._take())
        return True

    def _send_stored(self, spool: Spool) -> None:
        """Send what this or an earlier process kept on disk, unless there is something newer to do."""
        if time.monotonic() < self._look_at and self._courier.stored == self._stored_before:
            return
        self._look_at, self._stored_before = time.monotonic() + _LOOK_SECONDS, self._courier.stored
        stored_until_now = self._courier.stored
        for stored in spool.waiting():
            self._courier.deliver_stored(stored.batch)
            if not self._courier.is_welcome:
                return
            stored.mark_sent()
            self._drain(None)
            if self._courier.is_stopped or not self._courier.is_welcome:
                return
        self._sent_from_disk = stored_until_now

    def _take(self) -> list[T]:
        taken: list[T] = []
        with self._lock:
            while self._items and len(taken) < BATCH_ITEMS:
                item, size = self._items.popleft()
                self._bytes -= size
                taken.append(item)
            if not self._items:
                # Also mends what an interrupted `+=` may have miscounted.
                self._bytes = 0
        return taken

    def _batches(self, items: list[T]) -> Iterator[Batch]:
        if self._route is None:
            self._route = self._make_route()
        parts: list[bytes] = []
        size = 0
        for part in filter(None, map(self._encoded, items)):
            if parts and size + len(part) > BATCH_BYTES:
                yield Batch(self._route, parts)
                parts, size = [], 0
            parts.append(part)
            size += len(part) + 1
        if parts:
            yield Batch(self._route, parts)

    def _encoded(self, item: T) -> bytes | None:
        # Lets the host's threads run between two items; encoding may otherwise keep them out for milliseconds.
        sleep(0)
        try:
            return self._encode(item)
        except Exception:  # one item that cannot be encoded must not cost the others
            notice("encode", "callboard: an item could not be encoded and was dropped.", error=True)
            self._courier.lose(1)
            return None

    def _settle(self, count: int) -> None:
        with self._lock:
            self._settled += count


_priorities = itertools.count(10)


def _send_before_worker_exit(outbox: Outbox[Any]) -> None:
    """In a multiprocessing or Celery worker process, which never runs `atexit`, flush when the worker ends."""
    for library in ("multiprocessing", "billiard"):
        process, util = sys.modules.get(f"{library}.process"), sys.modules.get(f"{library}.util")
        if process is None or util is None:
            continue
        with contextlib.suppress(Exception):
            if process.current_process().name != "MainProcess":
                util.Finalize(None, _finish_worker, args=(outbox,), exitpriority=next(_priorities))


_worker_ends_at: float | None = None


def _finish_worker(outbox: Outbox[Any]) -> None:
    """Let all outboxes of a worker process that ends have the promised time together."""
    global _worker_ends_at
    _worker_ends_at = _worker_ends_at or time.monotonic() + _EXIT_SECONDS
    outbox.finish(max(0.0, _worker_ends_at - time.monotonic()))
