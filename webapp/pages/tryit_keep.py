"""Keeps an answer of a trial as a dataset item; whoever owns the datasets connects them here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from projects.models import Project, User


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset that an answer can be kept in."""

    id: int
    name: str


class Keeper(Protocol):
    """What the datasets offer to this page."""

    def places(self, project: Project) -> list[Place]:
        """Return the datasets of a project that take new items."""

    def keep(
        self, *, project: Project, place_id: int, input: Mapping[str, Any], expected_output: str | None,
        metadata: Mapping[str, Any], source_trace_id: str, by: User,
    ) -> str:  # fmt: skip
        """Store the item and return the sentence that says so; a domain error says why not."""


_keeper: Keeper | None = None


def connect(keeper: Keeper | None) -> None:
    """Say where answers are kept; without that no page offers to keep any."""
    global _keeper
    _keeper = keeper


def places(project: Project) -> list[Place]:
    """Return the datasets that an answer can be kept in; none when no datasets are connected."""
    return _keeper.places(project) if _keeper else []


def keep(**values: Any) -> str:
    """Store an item (see Keeper.keep)."""
    if _keeper is None:
        return "Nothing was kept: this installation has no datasets."
    return _keeper.keep(**values)
