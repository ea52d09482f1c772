"""What a deletion is about, as plain values, and a place that it goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Target:
    """Some traces, and whose they are; ids stand here as they were typed and as masking stores them."""

    project_id: int
    # Files and caches made before this moment may hold any of it.
    made_before: datetime
    trace_ids: tuple[UUID, ...] = ()
    user_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    # The groups of questions that its calls belong to, or belonged to.
    cluster_ids: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of people and sessions that texts may name."""
        return (*self.user_ids, *self.session_ids)

    @property
    def is_empty(self) -> bool:
        return not (self.trace_ids or self.ids)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that texts of calls are kept: how much is there of a target, and what makes it go.

    `erase` returns how much it deleted; run again it finds nothing more. Both are run inside a transaction.
    """

    name: str
    title: str
    count: Callable[[Target], int]
    erase: Callable[[Target], int]
