"""Under which labels a version was published at which time, so that calls can be told apart by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from monitoring.dashboards import parts
from monitoring.dashboards.parts import Asked, Found, Worn
from prompt_registry.models import LabelMove

_MOST_MOVES = 20_000


def worn(asked: Asked) -> list[Worn]:
    """Return which version of which prompt had which label until the end of the time."""
    moves = LabelMove.objects.filter(project=asked.project, moved_at__lt=asked.period.end).order_by("moved_at", "pk")
    rows = moves.values_list("prompt__name", "label", "to_version__number", "moved_at")[:_MOST_MOVES]
    by_label: dict[tuple[str, str], list[tuple[int, datetime]]] = defaultdict(list)
    for name, label, number, moved_at in rows:
        by_label[name, label].append((number, moved_at))
    return [one for (name, label), of in by_label.items() for one in _stretches(name, label, of)]


def _stretches(name: str, label: str, moves: list[tuple[int, datetime]]) -> Iterator[Worn]:
    ends: list[datetime | None] = [moved_at for _, moved_at in moves[1:]]
    for (number, since), until in zip(moves, [*ends, None], strict=True):
        yield Worn(f"{name} v{number}", label, since, until)


def versions(found: list[Worn]) -> tuple[str, ...]:
    """Return the versions that had any label, by name and number."""
    return tuple(sorted({one.version for one in found}))


def by_label(asked: Asked, found: Found, labels: list[Worn]) -> Found:
    """Return the tallies of versions as those of their labels; a version with two labels counts under both.

    In the stretch of time in which a label moved, the version that it left counts and the one that it went to.
    """
    of_version: dict[str, list[Worn]] = defaultdict(list)
    for one in labels:
        of_version[one.version].append(one)
    rows = [
        (label, at, tally)
        for (version, at), tally in found.cells.items()
        for label in sorted(
            {
                one.label
                for one in of_version.get(version, [])
                if one.since < at + asked.period.step and (one.until is None or one.until > at)
            }
        )
    ]
    return parts.summed(rows, since=found.since)
