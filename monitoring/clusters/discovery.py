"""Finds groups of texts that ask for the same, without being told how many there are.

Vectors of more texts than fit in a table of all distances are condensed first: near ones become one point that counts for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters import clearness, group_counts, trees
from monitoring.clusters.trees import Labels, Vectors

Weights = NDArray[np.float32]

# The table of the distances of so many takes 100 MB.
_MOST_POINTS = 5_000
_CONDENSED, _LEARNED_FROM, _CONDENSING_ROUNDS = 3_000, 30_000, 4
# Whoever stands beside the crowd is drawn to it: single texts are noisy, the mean of a few alike is not.
_SMOOTHED_OVER = 5
_ROUNDS = 5
# What is clearer than nearly all groups of chance is taken for one.
_NEARLY_ALL, _CLOUD = 0.95, 2_000
_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each vector, the directions of the groups, of length one, and which of them are more than chance."""

    labels: Labels
    centroids: Vectors
    is_clear: NDArray[np.bool_]


def discover(vectors: Vectors, weights: Weights | None = None, *, smallest: float = 0.0, seed: int = 0) -> Groups:
    """Return the groups of vectors of length one; the same input always answers the same.

    Weights tell how many equal texts a vector stands for; a group that weighs less than `smallest` is no group.
    """
    weights = np.ones(len(vectors), dtype=np.float32) if weights is None else weights.astype(np.float32)
    if len(vectors) < 2:
        return Groups(np.zeros(len(vectors), dtype=np.int64), vectors.copy(), np.zeros(len(vectors), dtype=np.bool_))
    points, masses = condensed(vectors, weights, seed=seed)
    centred = centred_at(points, points, masses)
    labels = _grouped(centred, masses, smallest)
    centroids = means(points, masses, labels)
    is_clear = clearness.of_groups(centred, masses, labels) > _by_chance(points, masses, labels, seed)
    if len(points) < len(vectors):
        labels = nearest(vectors, centroids)
        centroids = means(vectors, weights, labels, before=centroids)
    return Groups(labels, centroids, is_clear)


def falls_apart(vectors: Vectors, weights: Weights, labels: Labels, *, seed: int = 0) -> bool:
    """Tell whether two parts of one group stand farther apart than the halves of any cloud do."""
    clear = clearness.of_groups(centred_at(vectors, vectors, weights), weights, labels)
    return bool((clear > _by_chance(vectors, weights, labels, seed)).all())


def centred_at(vectors: Vectors, crowd: Vectors, weights: Weights) -> Vectors:
    """Return the vectors without what a whole crowd has in common: that tells none apart."""
    common = np.average(crowd, axis=0, weights=weights).astype(np.float32)
    return unit(vectors - common)


def nearest(vectors: Vectors, centroids: Vectors) -> Labels:
    """Return the nearest centroid of each vector."""
    found = [
        (vectors[start : start + _AT_ONCE] @ centroids.T).argmax(axis=1) for start in range(0, len(vectors), _AT_ONCE)
    ]
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, dtype=np.int64)


def means(vectors: Vectors, weights: Weights, labels: Labels, *, before: Vectors | None = None) -> Vectors:
    """Return the direction of each group; one that lost everybody stays where it was."""
    count = len(before) if before is not None else int(labels.max()) + 1
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    sums = np.zeros((count, vectors.shape[1]), dtype=np.float32) if before is None else before.copy()
    sums[present] = np.add.reduceat(vectors[order] * weights[order, None], starts, axis=0)
    return unit(sums)


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors at length one."""
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return found


def condensed(vectors: Vectors, weights: Weights, *, seed: int) -> tuple[Vectors, Weights]:
    """Return the vectors themselves when they are few, else points that stand for those around them, and their masses."""
    if len(vectors) <= _MOST_POINTS:
        return vectors, weights
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(len(vectors), min(len(vectors), _LEARNED_FROM), replace=False))
    some, their = vectors[chosen], weights[chosen]
    centres = some[np.sort(generator.choice(len(some), _CONDENSED, replace=False))]
    for _ in range(_CONDENSING_ROUNDS):
        centres = means(some, their, nearest(some, centres), before=centres)
    masses = np.bincount(nearest(vectors, centres), weights=weights, minlength=len(centres)).astype(np.float32)
    return centres[masses > 0], masses[masses > 0]


def _grouped(centred: Vectors, masses: Weights, smallest: float) -> Labels:
    smooth = _smoothed(centred)
    tree = trees.grown(smooth, masses)
    around = neighbours(centred, group_counts.MOST_NEIGHBOURS)
    labels = tree.cut(group_counts.best_count(tree, centred, masses, around))
    for _ in range(_ROUNDS):
        labels = _large(labels, masses, smallest, smooth)
        labels = nearest(smooth, means(smooth, masses, labels))
        labels = np.unique(labels, return_inverse=True)[1]
    return labels


def _smoothed(points: Vectors) -> Vectors:
    around = np.concatenate([np.arange(len(points))[:, None], neighbours(points, _SMOOTHED_OVER - 1)], axis=1)
    return unit(points[around].mean(axis=1))


def neighbours(points: Vectors, count: int) -> Labels:
    """Return the nearest others of each point, the nearest first."""
    count = min(count, len(points) - 1)
    found = []
    for start in range(0, len(points), _AT_ONCE):
        likeness = points[start : start + _AT_ONCE] @ points.T
        rows = np.arange(len(likeness))
        likeness[rows, rows + start] = -np.inf
        some = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        order = np.argsort(-likeness[rows[:, None], some], axis=1, kind="stable")
        found.append(some[rows[:, None], order])
    return np.concatenate(found).astype(np.int64)


def _large(labels: Labels, masses: Weights, smallest: float, points: Vectors) -> Labels:
    """Leave out groups that are too small; their points go to the nearest that is left."""
    sums = np.bincount(labels, weights=masses)
    if (sums >= smallest).all() or not (sums >= smallest).any():
        return labels
    kept = np.flatnonzero(sums >= smallest)
    closest = kept[nearest(points, means(points, masses, labels)[kept])]
    return np.unique(np.where(sums[labels] >= smallest, labels, closest), return_inverse=True)[1]


def _by_chance(points: Vectors, masses: Weights, labels: Labels, seed: int) -> float:
    """Return how clear nearly all groups are that are found in a cloud of the same extent, in which there are none."""
    generator = np.random.default_rng(seed)
    size = min(len(points), _CLOUD)
    count = max(2, round((int(labels.max()) + 1) * size / len(points)))
    if size < 2 * count:
        return 1.0
    middle = np.average(points, axis=0, weights=masses)
    around = (points - middle) * np.sqrt(masses / masses.sum())[:, None]
    spreads, directions = np.linalg.eigh(around.T @ around)
    drawn = generator.standard_normal((size, len(spreads))) * np.sqrt(np.maximum(spreads, 0))
    cloud = unit((drawn @ directions.T + middle).astype(np.float32))
    alike = np.ones(size, dtype=np.float32)
    centred = centred_at(cloud, cloud, alike)
    chance = trees.grown(_smoothed(centred), alike).cut(count)
    return float(np.quantile(clearness.of_groups(centred, alike, chance), _NEARLY_ALL))
