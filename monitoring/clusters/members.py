"""Puts calls into the clusters that there are, and lets the clusters follow what their calls are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from pgvector import HalfVector

from monitoring.clusters import assignment, calls
from monitoring.clusters.assignment import Centroids
from monitoring.clusters.calls import NO_CLUSTER, Calls, Pool
from monitoring.clusters.models import Cluster
from monitoring.clusters.shapes import moved
from monitoring.clusters.trees import Vectors

# The mean of fewer says little.
_FEWEST_TO_FOLLOW = 15
_DAY_SECONDS = 86_400


def known(pool: Pool) -> Centroids:
    """Return the clusters of the project in the space of the pool."""
    return assignment.load(project_id=pool.project_id, embedding_version=pool.version)


def assign_unassigned(pool: Pool) -> int:
    """Put calls that have no cluster into the nearest that is near enough; return how many found one."""
    centroids = known(pool)
    found = 0
    if len(centroids.ids):
        for keys, vectors in calls.batches(pool, cluster_ids=[NO_CLUSTER]):
            ids = assignment.assign(vectors, centroids)
            new = [(key, cluster_id) for key, cluster_id in zip(keys, ids, strict=True) if cluster_id is not None]
            found += calls.write(
                project_id=pool.project_id,
                keys=[key for key, _ in new],
                cluster_ids=[cluster_id for _, cluster_id in new],
            )
    return found


def divide(pool: Pool, *, cluster_id: int, among: Mapping[int, Vectors]) -> int:
    """Give each call of a cluster to the nearest of some directions; return how many moved."""
    ids, directions = list(among), np.stack(list(among.values()))
    return sum(
        calls.write(
            project_id=pool.project_id,
            keys=keys,
            cluster_ids=[ids[place] for place in (vectors @ directions.T).argmax(axis=1)],
        )
        for keys, vectors in calls.batches(pool, cluster_ids=[cluster_id])
    )


def hand_over(pool: Pool, *, sources: Sequence[int], target: int) -> int:
    """Give all calls of some clusters to another; return how many moved."""
    return sum(
        calls.write(project_id=pool.project_id, keys=keys, cluster_ids=[target] * len(keys))
        for keys, _ in calls.batches(pool, cluster_ids=sources)
    )


def follow(pool: Pool, seen: Calls, now: datetime) -> None:
    """Move each cluster to the middle of its calls, of which newer ones count more."""
    ages = np.array([(now - at).total_seconds() / _DAY_SECONDS for at in seen.at], dtype=np.float32)
    rows = list(Cluster.objects.filter(project_id=pool.project_id, embedding_version=pool.version).current())
    changed = []
    for cluster in rows:
        places = np.flatnonzero(seen.cluster_ids == cluster.pk)
        if len(places) >= _FEWEST_TO_FOLLOW:
            centroid, cluster.mass = moved(seen.vectors[places], seen.weights[places], ages[places])
            cluster.centroid = HalfVector(centroid)
            changed.append(cluster)
    Cluster.objects.bulk_update(changed, ["centroid", "mass"])
