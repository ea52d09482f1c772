"""The map of the traffic: each call near the place of its cluster, and each cluster where it was yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from monitoring.clusters import calls, discovery, queries
from monitoring.clusters.models import Cluster
from monitoring.clusters.positions import Positions
from monitoring.clusters.trees import Vectors

MOST_POINTS = 3_000
# A cloud reaches about halfway to the next one.
_REACH = 0.5
_LONELY_REACH = 0.3
_BETWEEN = 3
_SEED = 7

_CALLS = """
    SELECT trace_id, span_id, coalesce(cluster_id, 0), flags, text, halfvec_send(embedding) FROM call_analysis
     WHERE project_id = %(project)s AND start_day >= %(since)s::date AND call_at >= %(since)s AND embedding_version = %(version)s
       AND embedding IS NOT NULL
     ORDER BY draw, trace_id, span_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A call and its place; no text when it is of a cluster of too few people, or of none."""

    trace_id: UUID
    span_id: int
    x: float
    y: float
    cluster_id: int | None
    flags: int
    text: str


@dataclass(frozen=True, slots=True)
class _Clusters:
    numbers: dict[int, int]
    centroids: Vectors
    places: Positions
    reach: float


def points(*, project_id: int, since: datetime, limit: int = MOST_POINTS) -> list[MapPoint]:
    """Return an even sample of the calls since a moment with their places; none before the first clusters are there."""
    version = calls.newest_version(project_id)
    clusters = _clusters(project_id, version)
    if not len(clusters.places):
        return []
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "project": project_id,
            "since": since,
            "version": version,
            "limit": min(limit, MOST_POINTS),
        }
        cursor.execute(_CALLS, values)
        rows = cursor.fetchall()
    vectors = calls.vectors_of([row[5] for row in rows])
    if not rows:
        return []
    places = _places(vectors, [clusters.numbers.get(row[2], -1) for row in rows], clusters)
    hidden = queries.hidden_ids(project_id, since=since)
    return [
        MapPoint(
            row[0], row[1], float(x), float(y), row[2] or None, row[3],
            row[4] if row[2] and row[2] not in hidden else "",
        )
        for row, (x, y) in zip(rows, places, strict=True)
    ]  # fmt: skip


def _clusters(project_id: int, version: str) -> _Clusters:
    rows = list(Cluster.objects.filter(project_id=project_id, embedding_version=version).current().order_by("pk"))
    if not rows:
        return _Clusters({}, np.empty((0, 0), dtype=np.float32), np.empty((0, 2)), 0.0)
    centroids = discovery.unit(np.array([row.centroid for row in rows], dtype=np.float32))
    places = np.array([(row.map_x, row.map_y) for row in rows])
    return _Clusters({row.pk: number for number, row in enumerate(rows)}, centroids, places, _reach(places))


def _reach(places: Positions) -> float:
    """Return how far the calls of a cluster may lie from it: about half the way to the next one, for most clusters."""
    if len(places) < 2:
        return _LONELY_REACH
    apart = np.sqrt(((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    return _REACH * float(np.median(apart.min(axis=1))) or _LONELY_REACH


def _places(vectors: Vectors, numbers: list[int], clusters: _Clusters) -> Positions:
    likeness = vectors @ clusters.centroids.T
    own = np.array(numbers)
    # A call of no cluster lies between the nearest ones.
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :_BETWEEN]
    pull = np.maximum(np.take_along_axis(likeness, nearest, axis=1), 1e-3) ** 2
    between = (clusters.places[nearest] * pull[:, :, None]).sum(axis=1) / pull.sum(axis=1, keepdims=True)
    base = np.where((own >= 0)[:, None], clusters.places[own], between)
    home = np.where(own >= 0, own, nearest[:, 0])
    placed: Positions = base + clusters.reach * _offsets(vectors - clusters.centroids[home])
    return placed


def _offsets(differences: Vectors) -> Positions:
    """Return for each difference a step on the map: always the same for the same vector, and alike for those that are alike."""
    drawn = np.random.default_rng(_SEED).standard_normal((differences.shape[1], 2))
    directions, _ = np.linalg.qr(drawn)
    steps = differences.astype(np.float64) @ directions
    # Of many dimensions each has a small part; the farthest stay inside.
    steps *= np.sqrt(differences.shape[1] / 2)
    length = np.linalg.norm(steps, axis=1, keepdims=True)
    offsets: Positions = steps / np.maximum(length, 1e-9) * np.tanh(length)
    return offsets
