"""How much of the recent traffic a dataset represents: the share of calls that have an item in their neighbourhood.

Everything here works on unit vectors of one embedding; a dot product is the likeness of two texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# The neighbourhood of a call holds this share of the traffic.
NEIGHBOURHOOD = 0.01
# Two texts that are this alike are the same text with a comma moved.
SAME = 0.98
# With fewer different calls a neighbourhood of one in a hundred holds nobody.
FEWEST_CALLS = 100
# The likeness of the same two texts differs in its last digits with the size of the block that it is worked out in.
_ROUNDING = np.float32(1e-6)
# Rows that are compared with all others at a time: bounds the memory, not the result.
_BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which calls are represented, and how alike a text must be to each call to represent it."""

    covered: NDArray[np.bool_]
    reach: NDArray[np.float32]

    @property
    def percent(self) -> float:
        return 100 * float(self.covered.mean())


def measure(*, calls: Vectors, items: Vectors, neighbourhood: float = NEIGHBOURHOOD) -> Coverage:
    """Return which of the calls have an item within the ball that holds their nearest one in a hundred calls."""
    reach = reach_of(calls, neighbourhood=neighbourhood)
    return Coverage(nearest(calls, items) >= reach, reach)


def reach_of(calls: Vectors, *, neighbourhood: float = NEIGHBOURHOOD) -> NDArray[np.float32]:
    """Return for each call how alike its k-th nearest other call is, k being the neighbourhood's share of all."""
    count = len(calls)
    k = min(math.ceil(neighbourhood * count), count - 1)
    reach = np.ones(count, dtype=np.float32)
    for start in range(0, count if k > 0 else 0, _BLOCK):
        likeness = calls[start : start + _BLOCK] @ calls.T
        rows = np.arange(len(likeness))
        likeness[rows, start + rows] = -np.inf  # a call is no neighbour of itself
        reach[start : start + _BLOCK] = np.partition(likeness, count - k, axis=1)[:, count - k]
    return reach - _ROUNDING


def nearest(calls: Vectors, items: Vectors) -> NDArray[np.float32]:
    """Return for each call how alike the item is that is most like it; less than anything when there is no item."""
    best = np.full(len(calls), -np.inf, dtype=np.float32)
    for start in range(0, len(items), _BLOCK):
        np.maximum(best, (calls @ items[start : start + _BLOCK].T).max(axis=1), out=best)
    return best


def distinct(vectors: Vectors, *, same: float = SAME) -> NDArray[np.int64]:
    """Return for each vector the place of the first one that says the same; its own place when it is the first."""
    stands_for = np.arange(len(vectors))
    kept: list[int] = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        known = list(kept)
        before = block @ vectors[known].T if known else np.empty((len(block), 0), dtype=np.float32)
        among = block @ block.T
        first_here = len(kept)
        for row in range(len(block)):
            if before.shape[1] and before[row].max() >= same:
                stands_for[start + row] = known[int(before[row].argmax())]
                continue
            here = [place - start for place in kept[first_here:]]
            alike = among[row, here]
            if len(here) and alike.max() >= same:
                stands_for[start + row] = start + here[int(alike.argmax())]
            else:
                kept.append(start + row)
    return stands_for


def expected_of_random(item_count: int, *, neighbourhood: float = NEIGHBOURHOOD) -> float:
    """Return the percent that this many calls drawn at random would represent: the yardstick for the number."""
    return 100 * (1 - math.exp(-item_count * neighbourhood))
