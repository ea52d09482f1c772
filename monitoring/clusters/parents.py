"""Joins clusters into a few wider groups."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from monitoring.clusters.trees import Labels, Vectors

MOST = 12
_CHILDREN = 3


def parents(centroids: Vectors) -> Labels:
    """Return the number of the wider group of each cluster, from 0; with few clusters there is one for all."""
    count = min(MOST, len(centroids) // _CHILDREN)
    if count < 2:
        return np.zeros(len(centroids), dtype=np.int64)
    middle = centroids - centroids.mean(axis=0)
    tree = linkage(middle, "average", metric="cosine")
    found: Labels = fcluster(tree, count, "maxclust").astype(np.int64) - 1
    return found
