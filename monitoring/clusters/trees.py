"""Joins the nearest points step by step into one tree (Ward's method), and cuts it into any number of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """All joins, the closest first; each is told by one point of either side."""

    size: int
    lefts: NDArray[np.int64]
    rights: NDArray[np.int64]

    def cut(self, count: int) -> Labels:
        """Return the group of each point when there are so many groups."""
        joined = max(0, self.size - count)
        pairs = (self.lefts[:joined], self.rights[:joined])
        graph = coo_array((np.ones(joined, dtype=np.int8), pairs), shape=(self.size, self.size))
        found: Labels = connected_components(graph, directed=False)[1].astype(np.int64)
        return found


def grown(points: Vectors, masses: NDArray[np.float32]) -> Tree:
    """Return the tree of the points, each of which counts by its mass."""
    size = len(points)
    apart = _distances(points, masses)
    masses, is_left = masses.astype(np.float32), np.ones(size, dtype=bool)
    heights: list[float] = []
    pairs: list[tuple[int, int]] = []
    chain: list[int] = []
    # From each point to its nearest, and on, until two are nearest to each other: Ward's tree does not depend on where one
    # begins, and no pair has to be looked for among all.
    while len(pairs) < size - 1:
        if not chain:
            chain.append(int(is_left.argmax()))
        here = chain[-1]
        nearest = int(apart[here].argmin())
        if len(chain) > 1 and apart[here, nearest] >= apart[here, chain[-2]]:
            before = chain[-2]
            heights.append(float(apart[here, before]))
            pairs.append((before, here))
            del chain[-2:]
            _join(apart, masses, is_left, before, here)
        else:
            chain.append(nearest)
    order = np.argsort(np.array(heights), kind="stable")
    sides = np.array(pairs, dtype=np.int64).reshape(-1, 2)[order]
    return Tree(size, sides[:, 0], sides[:, 1])


def _distances(points: Vectors, masses: NDArray[np.float32]) -> Vectors:
    """Return how much the spread inside the groups grows when two points become one."""
    squares = (points * points).sum(axis=1)
    apart = points @ points.T
    apart *= -2
    apart += squares[:, None]
    apart += squares[None, :]
    np.maximum(apart, 0, out=apart)
    apart *= masses[:, None] * masses[None, :] / (masses[:, None] + masses[None, :])
    np.fill_diagonal(apart, np.inf)
    return apart


def _join(apart: Vectors, masses: NDArray[np.float32], is_left: NDArray[np.bool_], kept: int, gone: int) -> None:
    """Make one of two: the formula of Lance and Williams for Ward's method."""
    both = masses[kept] + masses[gone]
    with np.errstate(invalid="ignore"):
        joined = (masses[kept] + masses) * apart[kept] + (masses[gone] + masses) * apart[gone]
        joined = (joined - masses * apart[kept, gone]) / (both + masses)
    joined[~is_left] = np.inf
    joined[[kept, gone]] = np.inf
    apart[kept], apart[:, kept] = joined, joined
    apart[gone], apart[:, gone] = np.inf, np.inf
    masses[kept], is_left[gone] = both, False
