"""What every source of numbers is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.dashboards import tallies
from monitoring.dashboards.questions import Question
from monitoring.dashboards.tallies import Tally
from monitoring.exploring.terms import Term
from monitoring.usage_periods import Period
from projects.models import Project

# So many parts are drawn; more colours cannot be told apart.
MOST_PARTS = 7


@dataclass(frozen=True, slots=True)
class Worn:
    """A label on a version, from one moment up to another; without an end it still is there."""

    version: str
    label: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a project and a time; `parts` are the only ones wanted, when they are known already.

    With `labels` calls are cut by what their version wore then, in place of by version.
    """

    project: Project
    question: Question
    terms: tuple[Term, ...]
    period: Period
    parts: tuple[str, ...] | None = None
    labels: tuple[Worn, ...] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The tallies by part and moment, and of the whole time by part; `since` is where reading call by call had to end."""

    cells: dict[tuple[str, datetime], Tally]
    totals: dict[str, Tally]
    part_count: int = 0
    since: datetime | None = None
    read_count: int = field(default=0, compare=False)


def summed(
    rows: Iterable[tuple[str, datetime, Tally]], *, part_count: int = 0, since: datetime | None = None
) -> Found:  # fmt: skip
    """Return tallies of things that add up, with their sums."""
    gathered: dict[tuple[str, datetime], list[Tally]] = {}
    for part, at, tally in rows:
        gathered.setdefault((part, at), []).append(tally)
    cells = {key: of[0] if len(of) == 1 else tallies.added(of) for key, of in gathered.items()}
    by_part: dict[str, list[Tally]] = {}
    for (part, _), tally in cells.items():
        by_part.setdefault(part, []).append(tally)
    totals = {part: tallies.added(of) for part, of in by_part.items()}
    return Found(cells, totals, max(part_count, len(totals)), since)
