"""Which calls to add next: each represents as much as possible of what no item represents yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.coverage.coverage import Vectors

# What a reviewer looks through in one go.
MOST = 20
_DISLIKED, _FLAGGED = 2.0, 2.0
_FASTEST_GROWTH = 3.0
# Fewer calls of a group say nothing about how it grows.
_FEWEST_TO_GROW = 10
# Rows that are worked on at a time: bounds the memory, not the result.
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A call by its place, and how many calls it would newly represent, itself among them."""

    place: int
    gain: int


def suggest(
    *, calls: Vectors, reach: NDArray[np.float32], covered: NDArray[np.bool_], weights: NDArray[np.float64], count: int
) -> list[Suggestion]:  # fmt: skip
    """Return calls to add, the most useful first; greedy, so at least 63 % as good as the best choice there is."""
    open_ = np.flatnonzero(~covered)
    if not len(open_):
        return []
    represents = _represented(calls, reach, open_)
    left = np.ones(len(open_), dtype=bool)
    gains = _weighed(weights[open_], represents)
    found: list[Suggestion] = []
    while len(found) < min(count, MOST) and left.any():
        place = int(gains.argmax())
        newly = left & represents[:, place]
        gains -= _weighed(weights[open_[newly]], represents[newly])
        left &= ~newly
        found.append(Suggestion(place, int(newly.sum())))
    return found


def _represented(calls: Vectors, reach: NDArray[np.float32], open_: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each call that nothing represents (a row) which of all calls (the columns) would represent it."""
    found = np.empty((len(open_), len(calls)), dtype=bool)
    for start in range(0, len(open_), _BLOCK):
        rows = open_[start : start + _BLOCK]
        found[start : start + _BLOCK] = (calls[rows] @ calls.T) >= reach[rows, None]
    found[np.arange(len(open_)), open_] = True
    return found


def _weighed(weights: NDArray[np.float64], represents: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weight of what each column represents; a block at a time, as numpy makes numbers of truths first."""
    sums = np.zeros(represents.shape[1])
    for start in range(0, len(weights), _BLOCK):
        sums += weights[start : start + _BLOCK] @ represents[start : start + _BLOCK]
    return sums


def weights_of(
    *, disliked: NDArray[np.bool_], flagged: NDArray[np.bool_], growth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much each call matters: more when a user disliked it, a detector flagged it, or its like grow."""
    return 1 + _DISLIKED * disliked + _FLAGGED * flagged + growth


def growth_of(*, labels: NDArray[np.int64], recent: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each call by how much the share of its group grew, 1 being twice as much; never less than 0."""
    growth = np.zeros(len(labels), dtype=np.float64)
    of_recent, of_earlier = max(1, int(recent.sum())), max(1, int((~recent).sum()))
    for label in np.unique(labels):
        members = labels == label
        new, old = int((members & recent).sum()), int((members & ~recent).sum())
        if new + old >= _FEWEST_TO_GROW and recent.any() and not recent.all():
            # One call more on the old side, so that a new group does not grow without end.
            ratio = (new / of_recent) / ((old + 1) / of_earlier)
            growth[members] = min(max(ratio - 1, 0.0), _FASTEST_GROWTH)
    return growth
