"""Says in words what a number of items can show, before anything is spent on them."""

from __future__ import annotations

from evals.statistics.verdicts import items_needed

# The example that everybody can picture: four answers in a hundred.
_EXAMPLE = 4
_LARGEST = 50


def noticed_points(items: int) -> int | None:
    """Return the smallest difference, in points of a hundred, that this many items show in four of five experiments."""
    return next((points for points in range(1, _LARGEST + 1) if items_needed(points / 100) <= items), None)


def in_words(items: int) -> str:
    """Return what this many items can tell, and how many would tell a small difference."""
    needed = (
        f"To notice {_EXAMPLE} more good answers in 100 you need about {_round(items_needed(_EXAMPLE / 100)):,} items."
    )
    points = noticed_points(items)
    if points is None:
        return f"With {items} items no verdict is possible; ten is the fewest. {needed}"
    if points <= _EXAMPLE:
        return f"With {items:,} items a difference of {points} in 100 answers is noticed, four times out of five."
    return f"With {items:,} items only a difference of about {points} in 100 answers or more is noticed. {needed}"


def _round(count: int) -> int:
    return round(count, -1) if count >= 100 else count
