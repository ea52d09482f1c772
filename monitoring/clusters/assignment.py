"""Tells which cluster new calls belong to: the nearest centroid, when it is near enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters.models import Cluster

MOST_CENTROIDS = 2_000


@dataclass(frozen=True, slots=True)
class Centroids:
    """The clusters of a project in one space; row n of `vectors`, of length one, belongs to the n-th id."""

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    radii: NDArray[np.float32]


def load(*, project_id: int, embedding_version: str) -> Centroids:
    """Return the clusters that calls may be assigned to, the largest when there are very many."""
    rows = list(
        Cluster.objects.filter(project_id=project_id, embedding_version=embedding_version)
        .current().order_by("-mass", "pk").values_list("pk", "centroid", "radius")[:MOST_CENTROIDS]
    )  # fmt: skip
    vectors = np.array([row[1] for row in rows], dtype=np.float32)
    if len(rows):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Centroids(
        np.array([row[0] for row in rows], dtype=np.int64),
        vectors,
        np.array([row[2] for row in rows], dtype=np.float32),
    )


def assign(vectors: NDArray[np.float32], centroids: Centroids) -> Sequence[int | None]:
    """Return the id of the cluster of each vector of length one; None for those that are like no known cluster."""
    if not len(centroids.ids) or not len(vectors):
        return [None] * len(vectors)
    likeness = vectors @ centroids.vectors.T
    best = likeness.argmax(axis=1)
    near = likeness[np.arange(len(vectors)), best] >= centroids.radii[best]
    return [int(centroids.ids[place]) if is_near else None for place, is_near in zip(best, near, strict=True)]
