"""How clearly groups stand apart: the silhouette of their points, from -1 (in the wrong group) to 1 (far from all others)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters.trees import Labels, Vectors


def of_all(points: Vectors, masses: NDArray[np.float32], labels: Labels) -> float:
    """Return the clearness of all groups together."""
    return float(np.average(_of_points(points, masses, labels), weights=masses))


def of_groups(points: Vectors, masses: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """Return the clearness of each group."""
    sums = np.bincount(labels, weights=_of_points(points, masses, labels) * masses)
    return sums / np.bincount(labels, weights=masses)


def _of_points(points: Vectors, masses: NDArray[np.float32], labels: Labels) -> Vectors:
    """Return how much nearer each point of length one is to its own group than to the next one."""
    count, places = int(labels.max()) + 1, np.arange(len(labels))
    if count < 2:
        return np.zeros(len(labels), dtype=np.float32)
    sums = np.zeros((count, points.shape[1]), dtype=np.float32)
    np.add.at(sums, labels, points * masses[:, None])
    weights = np.bincount(labels, weights=masses, minlength=count).astype(np.float32)
    apart = 1 - (points @ sums.T) / weights
    # Nobody is compared with oneself.
    others = weights[labels] - masses
    own = apart[places, labels] * weights[labels] / np.maximum(others, np.float32(1e-6))
    apart[places, labels] = np.inf
    next_one = apart.min(axis=1)
    clear: Vectors = (next_one - own) / np.maximum(np.maximum(next_one, own), np.float32(1e-6))
    clear[np.bincount(labels, minlength=count)[labels] == 1] = 0
    return clear
