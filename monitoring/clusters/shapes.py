"""What a cluster is made of: the direction of its members, how far they lie from it, and how much it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters.trees import Vectors

# Of a day's calls so much counts on the next day: topics wander.
DAILY_DECAY = 0.8
_LEFT_OUT = 0.02
# Farther below the middle than this many usual distances is no member but one that found no better place.
_OUTLYING = 3.0
# From the median of the distances to a standard deviation, for a normal distribution.
_DEVIATIONS = 1.4826


@dataclass(frozen=True, slots=True)
class Shape:
    """A direction of length one, how near to it a vector must be to belong, and the weight of the members."""

    centroid: Vectors
    radius: float
    mass: float


def shape_of(vectors: Vectors, weights: NDArray[np.float32]) -> Shape:
    """Return the shape of the members, without those that lie far outside."""
    centroid = _direction(vectors, weights)
    likeness = vectors @ centroid
    middle = _quantile(likeness, weights, 0.5)
    usual = _DEVIATIONS * _quantile(np.abs(likeness - middle), weights, 0.5)
    is_near = likeness >= middle - _OUTLYING * max(usual, 1e-3)
    kept, their = vectors[is_near], weights[is_near]
    centroid = _direction(kept, their)
    return Shape(centroid, _quantile(kept @ centroid, their, _LEFT_OUT), float(their.sum()))


def moved(vectors: Vectors, weights: NDArray[np.float32], ages_days: NDArray[np.float32]) -> tuple[Vectors, float]:
    """Return the direction of the members and their weight, of which older ones have less."""
    decayed = (weights * DAILY_DECAY ** np.maximum(ages_days, 0)).astype(np.float32)
    return _direction(vectors, decayed), float(decayed.sum())


def _direction(vectors: Vectors, weights: NDArray[np.float32]) -> Vectors:
    total = weights @ vectors
    direction: Vectors = (total / max(float(np.linalg.norm(total)), 1e-12)).astype(np.float32)
    return direction


def _quantile(values: Vectors, weights: NDArray[np.float32], share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order], dtype=np.float64)
    return float(values[order][min(len(values) - 1, int(np.searchsorted(reached, share * reached[-1])))])
