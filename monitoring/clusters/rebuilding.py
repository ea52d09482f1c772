"""Carries out what a new look at all calls says about the known clusters, and writes down what became of what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from pgvector import HalfVector

from monitoring.clusters import discovery, matching, members
from monitoring.clusters.calls import Calls, Pool
from monitoring.clusters.learning import Learned
from monitoring.clusters.matching import Merge, Split
from monitoring.clusters.models import Cluster, ClusterLink, LinkKind
from monitoring.clusters.shapes import Shape
from monitoring.clusters.trees import Labels

# Two groups are told from each other by so many calls of them at most.
_MOST_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Done:
    """How much was changed, and the places of the groups that no known cluster stands for."""

    new: list[int]
    splits: int = 0
    merges: int = 0
    moved: int = 0


def apply(pool: Pool, seen: Calls, found: Learned) -> Done:
    """Split and join known clusters as the groups say, and give those that stay their new shape."""
    known = list(Cluster.objects.filter(project_id=pool.project_id, embedding_version=pool.version).current())
    if not known or not found.shapes:
        return Done(list(range(len(found.shapes))))
    work = _Rebuild(pool, seen, found, known)
    changes = work.changes()
    splits = [split for split in changes.splits if work.is_apart(list(split.parts), split.cluster)]
    merges = [merge for merge in changes.merges if not work.is_apart_by_cluster(merge)]
    moved = sum(work.split(split) for split in splits) + sum(work.merge(merge) for merge in merges)
    touched = {split.cluster for split in splits} | {
        cluster for merge in merges for cluster in [merge.kept, *merge.gone]
    }
    for cluster, group in changes.same.items():
        if cluster not in touched:
            work.reshape(cluster, group)
    return Done(changes.new, len(splits), len(merges), moved)


@dataclass(slots=True)
class _Rebuild:
    pool: Pool
    seen: Calls
    found: Learned
    known: list[Cluster]

    def changes(self) -> matching.Changes:
        shared = np.zeros((len(self.known), len(self.found.shapes)))
        unknown = np.zeros(len(self.found.shapes))
        rows = self._places()
        is_grouped = self.found.labels >= 0
        is_known = is_grouped & (rows >= 0)
        np.add.at(shared, (rows[is_known], self.found.labels[is_known]), self.seen.weights[is_known])
        np.add.at(unknown, self.found.labels[is_grouped & ~is_known], self.seen.weights[is_grouped & ~is_known])
        centroids = discovery.unit(np.array([row.centroid for row in self.known], dtype=np.float32))
        likeness = (centroids @ self.found.centroids.T).astype(np.float64)
        return matching.changes(shared, likeness, unknown)

    def is_apart(self, groups: list[int], cluster: int) -> bool:
        """Tell whether the calls of a cluster clearly fall into these groups."""
        return self._is_apart(self._places() == cluster, self.found.labels, groups)

    def is_apart_by_cluster(self, merge: Merge) -> bool:
        """Tell whether the calls of clusters that look like one group are clearly apart all the same."""
        rows = self._places()
        return self._is_apart(np.ones(len(rows), dtype=np.bool_), rows, [merge.kept, *merge.gone])

    def split(self, split: Split) -> int:
        """Give the parts of a cluster, but the one that keeps its id, clusters of their own; return how many calls moved."""
        parent = self.known[split.cluster]
        among = {parent.pk: self.found.shapes[split.kept].centroid}
        for group, share in split.parts.items():
            if group != split.kept:
                child = self._child(parent, self.found.shapes[group])
                among[child.pk] = self.found.shapes[group].centroid
                self._link(LinkKind.SPLIT, parent, child, share)
        self.reshape(split.cluster, split.kept)
        return members.divide(self.pool, cluster_id=parent.pk, among=among)

    def merge(self, merge: Merge) -> int:
        """Give all calls to the cluster that stays and retire the others; return how many calls moved."""
        target = self.known[merge.kept]
        sources = [self.known[place] for place in merge.gone]
        for source, share in zip(sources, merge.gone.values(), strict=True):
            self._link(LinkKind.MERGED, source, target, share)
        Cluster.objects.filter(pk__in=[source.pk for source in sources]).update(retired_at=timezone.now())
        self.reshape(merge.kept, merge.group)
        return members.hand_over(self.pool, sources=[source.pk for source in sources], target=target.pk)

    def reshape(self, cluster: int, group: int) -> None:
        """Give a cluster the shape of a group."""
        row, shape = self.known[cluster], self.found.shapes[group]
        row.centroid, row.radius, row.mass = HalfVector(shape.centroid), shape.radius, shape.mass
        row.save(update_fields=["centroid", "radius", "mass"])

    def _places(self) -> Labels:
        places = {row.pk: place for place, row in enumerate(self.known)}
        return np.array([places.get(number, -1) for number in self.seen.cluster_ids.tolist()], dtype=np.int64)

    def _is_apart(self, is_asked: np.typing.NDArray[np.bool_], labels: Labels, wanted: list[int]) -> bool:
        places = np.flatnonzero(is_asked & np.isin(labels, wanted))[:_MOST_COMPARED]
        parts = np.unique(labels[places], return_inverse=True)[1]
        if len(places) < 2 or parts.max() == 0:
            return False
        return discovery.falls_apart(self.seen.vectors[places], self.seen.weights[places], parts)

    def _child(self, parent: Cluster, shape: Shape) -> Cluster:
        return Cluster.objects.create(
            project_id=self.pool.project_id, name="", centroid=HalfVector(shape.centroid), radius=shape.radius,
            mass=shape.mass, embedding_version=self.pool.version, first_at=parent.first_at, last_at=parent.last_at,
        )  # fmt: skip

    def _link(self, kind: LinkKind, source: Cluster, target: Cluster, share: float) -> None:
        ClusterLink.objects.create(
            project_id=self.pool.project_id, kind=kind, source=source, target=target, share=share
        )
