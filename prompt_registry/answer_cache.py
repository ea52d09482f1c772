"""Remembers answers for two seconds in this process; then one thread asks the database, and hardly anybody waits."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    """One remembered answer; its lock is held by the thread that renews it."""

    value: V | None = None
    cost: int = 0
    expires_at: float = 0.0
    renewing: Lock = field(default_factory=Lock)

    def good(self, knows: Callable[[V], bool], *, grace: float = 0.0) -> V | None:
        """Return the answer if it can be given now."""
        is_good = self.value is not None and self.expires_at + grace > time.monotonic() and knows(self.value)
        return self.value if is_good else None


class AnswerCache(Generic[V]):
    """Keeps values under keys of a project, the least recently used ones leave first."""

    def __init__(
        self,
        *,
        seconds: float,
        max_cost: int,
        cost_of: Callable[[V], int],
        grace: float = 0.0,
        survives: tuple[type[Exception], ...] = (),
        beside: Callable[[Callable[[], None]], object] = lambda work: work(),
    ) -> None:
        self.seconds = seconds
        # For how much longer the old answer is given while it is renewed.
        self.grace = grace
        # Runs what it is given in another thread.
        self.beside = beside
        self.max_cost = max_cost
        self.cost_of = cost_of
        # When renewing fails with one of these, the old answer serves on.
        self.survives = survives
        self._entries: OrderedDict[tuple[int, Hashable], _Entry[V]] = OrderedDict()
        self._cost = 0
        self._lock = Lock()

    def get(
        self, project_id: int, key: Hashable, load: Callable[[], V], *, knows: Callable[[V], bool] = lambda value: True
    ) -> V:
        """Return the remembered value when it `knows` what the caller knows, or the one that `load` returns."""
        entry = self._entry((project_id, key))
        if (value := entry.good(knows)) is not None:
            return value
        if (value := entry.good(knows, grace=self.grace)) is not None:
            self._renew_meanwhile((project_id, key), entry, load)
            return value
        with entry.renewing:
            value = entry.good(knows)
            return self._renewed((project_id, key), entry, load) if value is None else value

    def forget(self, project_id: int | None = None) -> None:
        """Drop what is remembered of a project, or everything."""
        with self._lock:
            for key in [key for key in self._entries if project_id in (None, key[0])]:
                self._cost -= self._entries.pop(key).cost

    def _renew_meanwhile(self, key: tuple[int, Hashable], entry: _Entry[V], load: Callable[[], V]) -> None:
        """Let one thread beside the requests renew the entry, unless somebody does already."""
        if not entry.renewing.acquire(blocking=False):
            return

        def renew() -> None:
            try:
                self._renewed(key, entry, load)
            finally:
                entry.renewing.release()

        self.beside(renew)

    def _entry(self, key: tuple[int, Hashable]) -> _Entry[V]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            return entry

    def _renewed(self, key: tuple[int, Hashable], entry: _Entry[V], load: Callable[[], V]) -> V:
        try:
            value = load()
        except self.survives:
            if entry.value is None:
                raise
            value = entry.value
        with self._lock:
            entry.value, entry.expires_at = value, time.monotonic() + self.seconds
            # An entry that was forgotten while it was being renewed stays forgotten.
            if self._entries.get(key) is entry:
                self._weigh(entry, self.cost_of(value))
        return value

    def _weigh(self, entry: _Entry[V], cost: int) -> None:
        self._cost += cost - entry.cost
        entry.cost = cost
        while self._cost > self.max_cost and len(self._entries) > 1:
            _, dropped = self._entries.popitem(last=False)
            self._cost -= dropped.cost
