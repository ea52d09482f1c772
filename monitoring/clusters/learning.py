"""Finds the groups in calls: equal texts count together, and what is no clearer than chance is no group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitoring.clusters import discovery
from monitoring.clusters.calls import Calls
from monitoring.clusters.shapes import Shape, shape_of
from monitoring.clusters.trees import Labels, Vectors

NONE = -1
_ROUNDED = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """The group of each call, or NONE, and the shapes of the groups."""

    labels: Labels
    shapes: list[Shape]

    @property
    def centroids(self) -> Vectors:
        return np.stack([shape.centroid for shape in self.shapes])


def learned(seen: Calls, *, smallest: float, usual_radius: float = np.inf) -> Learned:
    """Return the groups that weigh at least this much, and are clearer than chance or as close together as is usual."""
    if len(seen.vectors) < 2:
        return Learned(np.full(len(seen.vectors), NONE, dtype=np.int64), [])
    kinds, kind_of = distinct(seen.vectors)
    weights = np.bincount(kind_of, weights=seen.weights).astype(np.float32)
    vectors = seen.vectors[kinds]
    groups = discovery.discover(vectors, weights, smallest=smallest)
    sizes = np.bincount(groups.labels, weights=weights, minlength=len(groups.centroids))
    numbers = np.full(len(groups.centroids), NONE, dtype=np.int64)
    shapes: list[Shape] = []
    for place in np.flatnonzero(sizes >= smallest).tolist():
        shape = shape_of(vectors[groups.labels == place], weights[groups.labels == place])
        if groups.is_clear[place] or shape.radius >= usual_radius:
            numbers[place] = len(shapes)
            shapes.append(shape)
    return Learned(numbers[groups.labels][kind_of], shapes)


def distinct(vectors: Vectors) -> tuple[Labels, Labels]:
    """Return the places of the first of equal vectors, and which of these each vector equals."""
    rounded = np.ascontiguousarray(vectors.round(_ROUNDED))
    rows = rounded.view(np.dtype((np.void, rounded.dtype.itemsize * rounded.shape[1]))).ravel()
    _, first, same = np.unique(rows, return_index=True, return_inverse=True)
    # In the order in which they came: the order of bytes means nothing.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[same.ravel()].astype(np.int64)
