"""The background thread that brings prompt entries up to date: one request per entry at a time."""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from callboard.bell import Bell
from callboard.jitter import chance
from callboard.notices import notice
from callboard.prompt_disk import PromptDisk, StoredPrompt
from callboard.prompt_entries import Entry, Moment
from callboard.prompt_fetching import Failed, Fetched, Gone, Outcome, Refused

# From this many labelled prompts on, one request for all of them is cheaper.
_BULK_FROM: Final = 3
_IDLE_SECONDS: Final = 60.0


class Fetcher(Protocol):
    """Asks a server for prompts."""

    def fetch(self, *, name: str, label: str, version: int | None, etag: str | None) -> Outcome:
        """Return what the server has under this name and label or version."""

    def fetch_all(self, *, label: str) -> list[Mapping[str, Any]]:
        """Return every prompt with this label."""

    def close(self) -> None:
        """Close the connection."""


class Refresher:
    """Takes requests from any thread without blocking it, and serves each entry once."""

    def __init__(
        self,
        *,
        make_fetcher: Callable[[], Fetcher],
        disk: PromptDisk | None,
        on_deleted: Callable[[str], None] | None,
        count: Callable[[str], None],
    ) -> None:
        self._make_fetcher = make_fetcher
        self._disk = disk
        self._on_deleted = on_deleted
        self._count = count
        self._is_stopped = False
        self._begin()

    def _begin(self) -> None:
        self._requests: deque[tuple[float, float, Entry]] = deque()
        self._due: list[tuple[float, int, float, Entry]] = []
        self._order = itertools.count()
        self._bell = Bell()
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._fetcher: Fetcher | None = None

    def reset_after_fork(self) -> None:
        """Start afresh in a forked child, without the connection and thread of its parent."""
        self._begin()

    def stop(self) -> None:
        """Let the thread end."""
        self._is_stopped = True
        self._bell.ring()

    def request(self, entry: Entry, *, at: float = 0.0) -> bool:
        """Ask for the entry to be refreshed at a (monotonic) moment; tell whether somebody will do it."""
        if self._is_stopped or (self._thread is None and not self._start()):
            return False
        self._requests.append((at, time.monotonic(), entry))
        self._bell.ring()
        return True

    def _start(self) -> bool:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="callboard-prompts", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._thread = thread
        return True

    def _run(self) -> None:
        self._fetcher = self._make_fetcher()
        while not self._is_stopped:
            self._bell.wait(self._seconds_until_due())
            try:
                self._collect()
                self._refresh_due()
            except Exception:  # the thread must outlive any single prompt
                notice("refresh", "callboard: refreshing a prompt failed in an unexpected way.", error=True)
        self._fetcher.close()

    def _seconds_until_due(self) -> float:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else _IDLE_SECONDS

    def _collect(self) -> None:
        while self._requests:
            due_at, requested_at, entry = self._requests.popleft()
            heapq.heappush(self._due, (due_at, next(self._order), requested_at, entry))

    def _refresh_due(self) -> None:
        now = time.monotonic()
        entries: dict[int, Entry] = {}
        while self._due and self._due[0][0] <= now:
            _, _, requested_at, entry = heapq.heappop(self._due)
            if entry.refreshed_at <= requested_at:
                entries[id(entry)] = entry
        known = self._fetch_many(list(entries.values()))
        for entry in entries.values():
            if self._is_stopped:
                return
            payload = known.get((entry.name, entry.label)) if entry.version is None else None
            self._refresh(entry, None if payload is None else Fetched(payload, None))

    def _fetch_many(self, entries: list[Entry]) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return the prompts of labels of which many were never fetched in this process."""
        wanted = [entry.label for entry in entries if entry.version is None and not entry.has_refreshed]
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for label in set(wanted):
            if wanted.count(label) >= _BULK_FROM and self._fetcher is not None:
                items = self._fetcher.fetch_all(label=label)
                found.update({(str(item.get("name")), label): item for item in items})
        return found

    def _refresh(self, entry: Entry, outcome: Outcome | None) -> None:
        if outcome is None:
            outcome = self._fetch(entry)
        was_deleted = entry.deleted_at is not None
        moment = Moment(monotonic=time.monotonic(), unix=time.time(), chance=chance())
        if entry.apply(outcome, moment) and self._disk is not None and entry.payload is not None:
            self._disk.save(entry.key, StoredPrompt(entry.payload, entry.etag, entry.deleted_at))
        self._report(entry, outcome, is_newly_deleted=entry.deleted_at is not None and not was_deleted)

    def _fetch(self, entry: Entry) -> Outcome:
        if self._fetcher is None:
            return Failed("not started")
        etag = entry.etag if entry.prompt is not None else None
        try:
            return self._fetcher.fetch(name=entry.name, label=entry.label, version=entry.version, etag=etag)
        except Exception as error:  # an entry must always learn how its refresh ended
            notice("fetch", "callboard: prompt %s could not be fetched.", entry.name, error=True)
            return Failed(repr(error))

    def _report(self, entry: Entry, outcome: Outcome, *, is_newly_deleted: bool) -> None:
        if isinstance(outcome, Refused):
            self._count("prompts_refused")
            message = "callboard: the server refused to hand out prompts (%d); give the key the scope prompts:read."
            notice("prompts refused", message, outcome.status)
        elif isinstance(outcome, Failed):
            self._count("prompt_fetches_failed")
            notice("prompts failed", "callboard: prompt %s could not be refreshed: %s.", entry.name, outcome.reason)
        elif isinstance(outcome, Gone) and is_newly_deleted:
            self._count("prompts_deleted")
            message = "callboard: prompt %s was deleted in Callboard; its last known copy is used for now."
            notice(f"deleted {entry.key}", message, entry.name)
            self._call_back(entry.name)

    def _call_back(self, name: str) -> None:
        if self._on_deleted is None:
            return
        try:
            self._on_deleted(name)
        except Exception:  # the callback belongs to the host
            notice("on_prompt_deleted", "callboard: on_prompt_deleted failed.", error=True)
