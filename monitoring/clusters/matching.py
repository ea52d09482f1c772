"""What became of known clusters when groups were looked for anew: which stay, which fall apart and which are one.

A known cluster stays as it is unless the new groups say clearly otherwise: who looks again tomorrow must find the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

# One that gives at least this share of its calls to a group, and a group that consists of so much of it, belong together.
_MOSTLY = 0.5
# A part of less than this is a fringe.
_PART = 0.25
_ALIKE, _OVERLAPPING = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Split:
    """A known cluster whose calls fall into several groups; the one in `kept` keeps the id."""

    cluster: int
    kept: int
    parts: dict[int, float]


@dataclass(frozen=True, slots=True)
class Merge:
    """Known clusters whose calls are one group; the one in `kept` keeps the id, the others give it the share beside them."""

    group: int
    kept: int
    gone: dict[int, float]


@dataclass(frozen=True, slots=True)
class Changes:
    """Places of clusters and groups: pairs that are the same, what was split and merged, and groups that are new."""

    same: dict[int, int] = field(default_factory=dict)
    splits: list[Split] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    new: list[int] = field(default_factory=list)


def changes(shared: NDArray[np.float64], likeness: NDArray[np.float64], unknown: NDArray[np.float64]) -> Changes:
    """Compare known clusters (rows) with groups (columns): the weight of the calls in both, and the cosine of their directions.

    `unknown` is the weight of the calls of each group that belong to no known cluster.
    """
    of_cluster, of_group = shared.sum(axis=1), shared.sum(axis=0) + unknown
    overlap = _overlap(shared, of_cluster, of_group)
    same = _pairs(overlap, likeness)
    given = shared / np.maximum(of_cluster[:, None], 1e-9)
    taken = shared / np.maximum(of_group[None, :], 1e-9)
    splits = _splits(given, taken, same)
    merges = _merges(given, taken, shared, same)
    used = {part for split in splits for part in split.parts} | {merge.group for merge in merges} | set(same.values())
    mostly_new = unknown > _MOSTLY * of_group
    new = [place for place in np.flatnonzero(mostly_new).tolist() if place not in used]
    return Changes(same, splits, merges, new)


def _overlap(
    shared: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    either = rows[:, None] + columns[None, :] - shared
    jaccard: NDArray[np.float64] = shared / np.maximum(either, 1e-9)
    return jaccard


def _pairs(overlap: NDArray[np.float64], likeness: NDArray[np.float64]) -> dict[int, int]:
    """Return the best one-to-one pairs; those that are neither alike nor overlap are none."""
    if not overlap.size:
        return {}
    rows, columns = linear_sum_assignment(overlap + likeness, maximize=True)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if overlap[row, column] >= _OVERLAPPING or (likeness[row, column] >= _ALIKE and overlap[row, column] > 0)
    }


def _splits(given: NDArray[np.float64], taken: NDArray[np.float64], same: dict[int, int]) -> list[Split]:
    found = []
    for cluster in range(len(given)):
        is_part = (given[cluster] >= _PART) & (taken[cluster] >= _MOSTLY)
        parts = {int(place): float(given[cluster, place]) for place in np.flatnonzero(is_part)}
        if len(parts) > 1:
            kept = same[cluster] if same.get(cluster) in parts else max(parts, key=lambda place: (parts[place], -place))
            found.append(Split(cluster, kept, parts))
    return found


def _merges(
    given: NDArray[np.float64], taken: NDArray[np.float64], shared: NDArray[np.float64], same: dict[int, int]
) -> list[Merge]:
    by_group = {group: cluster for cluster, group in same.items()}
    found = []
    for group in range(given.shape[1]):
        inside = [int(place) for place in np.flatnonzero(given[:, group] >= _MOSTLY)]
        weighty = [place for place in inside if taken[place, group] > 0]
        if len(weighty) > 1:
            largest = max(weighty, key=lambda place: (shared[place, group], -place))
            kept = by_group[group] if by_group.get(group) in weighty else largest
            gone = {place: float(given[place, group]) for place in weighty if place != kept}
            found.append(Merge(group, kept, gone))
    return found
