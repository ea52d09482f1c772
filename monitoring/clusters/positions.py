"""Where clusters lie on the map: near ones beside each other, and everything where it was yesterday."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters.trees import Vectors

Positions = NDArray[np.float64]

_ROUNDS = 60
_FEWEST_TO_ALIGN = 2
# With more of them, the distances on the flat map are as good as they get from the start.
_MOST_MOVED = 600


def placed(centroids: Vectors, former: Positions) -> Positions:
    """Return a place for each cluster; those with a former one (not NaN) keep it, and the others are put between them."""
    fresh = _flat(centroids)
    is_known: NDArray[np.bool_] = np.isfinite(former[:, 0]) & np.isfinite(former[:, 1])
    if is_known.sum() >= _FEWEST_TO_ALIGN:
        fresh = _aligned(fresh, fresh[is_known], former[is_known])
    elif is_known.any():
        fresh = fresh - fresh[is_known] + former[is_known]
    places = np.where(is_known[:, None], former, fresh)
    return places if is_known.all() or not is_known.any() else _fitted_in(places, ~is_known, centroids)


def _flat(centroids: Vectors) -> Positions:
    """Return places whose distances are as much like those of the directions as a plane allows (SMACOF)."""
    count = len(centroids)
    if count < 2:
        return np.zeros((count, 2))
    middle = (centroids - centroids.mean(axis=0)).astype(np.float64)
    left, strengths, _ = np.linalg.svd(middle, full_matrices=False)
    places = np.zeros((count, 2))
    width = min(2, len(strengths))
    places[:, :width] = left[:, :width] * strengths[:width]
    # The sign of an axis is arbitrary: its largest part points up.
    for axis in range(2):
        places[:, axis] *= np.sign(places[np.abs(places[:, axis]).argmax(), axis]) or 1.0
    wanted = _distances(middle)
    for _ in range(_ROUNDS if count <= _MOST_MOVED else 0):
        now = _distances(places)
        ratio = np.divide(wanted, now, out=np.zeros_like(now), where=now > 1e-9)
        places = (ratio.sum(axis=1)[:, None] * places - ratio @ places) / count
    spread = np.sqrt((places**2).sum(axis=1).mean())
    return places / spread if spread > 0 else places


def _fitted_in(places: Positions, is_free: NDArray[np.bool_], centroids: Vectors) -> Positions:
    """Move the free ones to where they are as far from all others as their directions say; the others stay."""
    wanted, now = _distances(centroids.astype(np.float64)), _distances(places)
    if wanted.any():
        wanted *= (wanted * now).sum() / (wanted**2).sum()
    for _ in range(_ROUNDS):
        ratio = np.divide(wanted, now, out=np.zeros_like(now), where=now > 1e-9)
        others = places.sum(axis=0) - places
        pulled = (others + ratio.sum(axis=1)[:, None] * places - ratio @ places) / (len(places) - 1)
        places = np.where(is_free[:, None], pulled, places)
        now = _distances(places)
    return places


def _distances(points: Positions) -> Positions:
    squares = (points**2).sum(axis=1)
    found: Positions = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0))
    return found


def _aligned(places: Positions, known: Positions, former: Positions) -> Positions:
    """Turn, mirror, stretch and move all places so that the known ones lie as near to their former ones as can be."""
    here, there = known.mean(axis=0), former.mean(axis=0)
    left, strengths, right = np.linalg.svd((known - here).T @ (former - there))
    extent = ((known - here) ** 2).sum()
    stretch = strengths.sum() / extent if extent > 0 else 1.0
    aligned: Positions = (places - here) @ (left @ right) * stretch + there
    return aligned
