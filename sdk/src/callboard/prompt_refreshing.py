"""The background thread that brings prompt entries up to date: one request per entry at a time."""

import functools
import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from callboard.bell import Bell
from callboard.jitter import chance
from callboard.notices import notice
from callboard.prompt_disk import PromptDisk, StoredPrompt
from callboard.prompt_entries import Entry, Moment
from callboard.prompt_events import PromptChange
from callboard.prompt_fetching import Failed, Fetched, Gone, Outcome, Refused
from callboard.prompt_shelf import PromptShelf

_IDLE_SECONDS: Final = 60.0
# Somebody is waiting meanwhile: prompts beyond these pages are fetched one by one.
_PAGES_AT_START: Final = 4
# However many changes are announced, a prompt is fetched this often at most.
_BETWEEN_CHANGES_SECONDS: Final = 0.2
# «Anything may have changed» reaches all processes at once, so each waits for a moment of its own.
_CHECK_ALL_AFTER_SECONDS: Final = 2.0
_CHECK_ALL_SPREAD_SECONDS: Final = 8.0
_CHECK_ALL_SPREAD_PER_PROMPT: Final = 1.5
_CHECK_ALL_SPREAD_LIMIT: Final = 30.0


class Fetcher(Protocol):
    """Asks a server for prompts."""

    live: str | None

    @property
    def is_down(self) -> bool:
        """Whether the server does not answer."""

    def fetch(
        self, *, name: str, label: str, version: int | None, etag: str | None, change: str, serves: int | None
    ) -> Outcome:
        """Return what the server has under this name and label or version."""

    def fetch_all(self, *, label: str, pages: int | None = None) -> list[Mapping[str, Any]] | Refused | Failed:
        """Return every prompt with this label, or those of the first pages."""

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
        on_live: Callable[[str], None] = lambda live: None,
    ) -> None:
        self._make_fetcher = make_fetcher
        self._on_live = on_live
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
        self._shelf = PromptShelf()
        self._changing = threading.Lock()

    @property
    def is_down(self) -> bool:
        """Whether the server does not answer at the moment."""
        return self._fetcher is not None and self._fetcher.is_down

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

    def take_change(self, change: PromptChange, entries: Iterable[Entry]) -> None:
        """Fetch the entries that a change concerns, at once when it is known which."""
        self._shelf.drop(change.name)
        now, touched = time.monotonic(), [entry for entry in entries if entry.is_touched_by(change)]
        for entry in touched:
            delay = 0.0 if change.name else _check_all_delay(len(touched))
            with self._changing:
                is_planned = entry.change is not None and (bool(entry.change) or not change.token)
                entry.change = change.token or entry.change or ""
            if not is_planned:
                self.request(entry, at=max(now + delay, entry.refreshed_at + _BETWEEN_CHANGES_SECONDS))

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
            _surviving(self._collect)
            _surviving(self._refresh_due)
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
            if entry.refreshed_at <= requested_at or entry.change is not None:
                entries[id(entry)] = entry
        cold = [entry for entry in entries.values() if entry.version is None and not entry.has_refreshed]
        _surviving(lambda: self._fill_shelf(cold))
        for entry in entries.values():
            if self._is_stopped:
                return
            _surviving(functools.partial(self._refresh, entry))

    def _fill_shelf(self, cold: list[Entry]) -> None:
        """Get all prompts of a label at once when this process has begun to ask for one after the other."""
        now, wanted = time.monotonic(), [entry.label for entry in cold]
        if self._fetcher is None or self._fetcher.is_down:
            return
        for label in dict.fromkeys(wanted):
            has_all = all((entry.name, label) in self._shelf for entry in cold if entry.label == label)
            if not has_all and self._shelf.wants_all(label, cold=wanted.count(label), now=now):
                items = self._fetcher.fetch_all(label=label, pages=_PAGES_AT_START)
                self._shelf.fill(label, items if isinstance(items, list) else (), now=now)

    def _refresh(self, entry: Entry) -> None:
        with self._changing:
            change, entry.change = entry.change, None
        payload = None
        if entry.version is None and not entry.has_refreshed and change is None:
            payload = self._shelf.take(entry.name, entry.label, now=time.monotonic())
        outcome = self._fetch(entry, change or "") if payload is None else Fetched(payload, None)
        self._take_in(entry, outcome)
        if isinstance(outcome, Failed) and change is not None:
            self._plan_again(entry, change)
        if self._fetcher is not None and self._fetcher.live is not None:
            self._on_live(self._fetcher.live)

    def _plan_again(self, entry: Entry, change: str) -> None:
        """Fetch an announced change later, also when nobody asks for the prompt meanwhile."""
        with self._changing:
            entry.change = entry.change or change
        self.request(entry, at=entry.check_at)

    def _take_in(self, entry: Entry, outcome: Outcome) -> None:
        was_deleted = entry.deleted_at is not None
        moment = Moment(monotonic=time.monotonic(), unix=time.time(), chance=chance())
        if entry.apply(outcome, moment) and self._disk is not None and entry.payload is not None:
            self._disk.save(entry.key, StoredPrompt(entry.payload, entry.etag, entry.deleted_at))
        self._report(entry, outcome, is_newly_deleted=entry.deleted_at is not None and not was_deleted)

    def _fetch(self, entry: Entry, change: str) -> Outcome:
        if self._fetcher is None:
            return Failed("not started")
        etag = entry.etag if entry.prompt is not None else None
        try:
            return self._fetcher.fetch(
                name=entry.name,
                label=entry.label,
                version=entry.version,
                etag=etag,
                change=change,
                serves=entry.told_version,
            )
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


def _surviving(act: Callable[[], None]) -> None:
    """Do it; neither the thread nor the other prompts may suffer when it fails."""
    try:
        act()
    except Exception:  # whatever it is, it concerns one prompt
        notice("refresh", "callboard: refreshing a prompt failed in an unexpected way.", error=True)


def _check_all_delay(count: int) -> float:
    spread = min(max(_CHECK_ALL_SPREAD_SECONDS, count * _CHECK_ALL_SPREAD_PER_PROMPT), _CHECK_ALL_SPREAD_LIMIT)
    return _CHECK_ALL_AFTER_SECONDS + spread * chance()
