"""Finds the clusters of a project, and keeps their ids whatever is found later.

Calls are first put into the clusters that there are. Among those that fit nowhere new clusters are looked for: every hour among
those with something wrong, every day among all. Once a week everything is grouped anew, to see what fell apart and what is one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from pgvector import HalfVector

from monitoring.analysis.running import WINDOW
from monitoring.clusters import assignment, calls, learning, members, naming, rebuilding
from monitoring.clusters.calls import Calls, Pool
from monitoring.clusters.learning import Learned
from monitoring.clusters.models import Cluster, ClusteringRun
from monitoring.clusters.turns import turn

PLAN_KIND, DISCOVER_KIND, REBUILD_KIND = "clusters.plan", "clusters.discover", "clusters.rebuild"
# With fewer texts there is nothing to see yet; fewer alike are no group.
FEWEST_TEXTS, SMALLEST = 300, 15
# When everything is grouped anew, a group of less than this share of the calls is not told apart.
_SMALLEST_SHARE = 0.0005
# A few clusters do not tell what is usual; a quarter of them may lie wider apart.
_FEWEST_KNOWN, _MOST = 4, 0.25
# Clusters that nobody asked for so long are retired.
_FORGOTTEN_AFTER = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: calls without a cluster that it looked at, calls that got or changed theirs, and new clusters."""

    looked_at: int = 0
    moved: int = 0
    new: int = 0
    splits: int = 0
    merges: int = 0


def discover(*, project_id: int, only_flagged: bool = False, now: datetime | None = None) -> Outcome:
    """Put calls into known clusters, and look among the others for new ones."""
    begun = now or timezone.now()
    with turn(project_id) as is_ours:
        pool = _pool(project_id, begun)
        if not is_ours or pool is None:
            return Outcome()
        moved = members.assign_unassigned(pool)
        if not only_flagged:
            members.follow(pool, calls.sample(pool, is_unassigned=False), begun)
        seen = calls.sample(pool, is_unassigned=True, only_flagged=only_flagged)
        new = 0
        if len(seen.vectors) >= (SMALLEST if only_flagged else FEWEST_TEXTS):
            found = learning.learned(seen, smallest=SMALLEST, usual_radius=_usual_radius(pool))
            new = len(_add(pool, seen, found))
        if new:
            moved += members.assign_unassigned(pool)
        outcome = Outcome(looked_at=len(seen.vectors), moved=moved, new=new)
        _finish(pool, outcome, now or timezone.now(), "flagged_at" if only_flagged else "discovered_at")
        return outcome


def rebuild(*, project_id: int, now: datetime | None = None) -> Outcome:
    """Group all calls anew: split and join known clusters where that is clear, and add what is new."""
    begun = now or timezone.now()
    with turn(project_id) as is_ours:
        pool = _pool(project_id, begun)
        if not is_ours or pool is None:
            return Outcome()
        moved = members.assign_unassigned(pool)
        seen = calls.sample(pool, is_unassigned=False)
        found = learning.learned(seen, smallest=max(SMALLEST, _SMALLEST_SHARE * float(seen.weights.sum())))
        # All or nothing: half of a split would be split again.
        with transaction.atomic():
            done = rebuilding.apply(pool, seen, found)
            new = len(_add(pool, seen, found, places=done.new))
        moved += done.moved + members.assign_unassigned(pool)
        _retire_forgotten(project_id, begun)
        outcome = Outcome(len(seen.vectors), moved, new, done.splits, done.merges)
        _finish(pool, outcome, now or timezone.now(), "rebuilt_at")
        return outcome


def _pool(project_id: int, now: datetime) -> Pool | None:
    version = calls.newest_version(project_id)
    return Pool(project_id, version, now - WINDOW) if version else None


def _usual_radius(pool: Pool) -> float:
    """Return how close together the calls of most known clusters are."""
    radii = members.known(pool).radii
    return float(np.quantile(radii, _MOST)) if len(radii) >= _FEWEST_KNOWN else np.inf


def _add(pool: Pool, seen: Calls, found: Learned, *, places: list[int] | None = None) -> list[Cluster]:
    """Make clusters of the groups, but not of those that are the fringe of a known one."""
    if not found.shapes:
        return []
    fringe = assignment.assign(found.centroids, members.known(pool))
    wanted = range(len(found.shapes)) if places is None else places
    rows = [_row(pool, seen, found, place) for place in wanted if fringe[place] is None]
    return Cluster.objects.bulk_create(rows)


def _row(pool: Pool, seen: Calls, found: Learned, place: int) -> Cluster:
    shape, at = found.shapes[place], [seen.at[number] for number in np.flatnonzero(found.labels == place)]
    return Cluster(
        project_id=pool.project_id, name="", centroid=HalfVector(shape.centroid), radius=shape.radius, mass=shape.mass,
        embedding_version=pool.version, first_at=min(at), last_at=max(at),
    )  # fmt: skip


def _retire_forgotten(project_id: int, now: datetime) -> None:
    old = Cluster.objects.filter(project_id=project_id, last_at__lt=now - _FORGOTTEN_AFTER)
    old.current().update(retired_at=now)


def _finish(pool: Pool, outcome: Outcome, now: datetime, column: str) -> None:
    # Whoever counts by cluster counts anew when this is later than the last time: calls moved up to this moment.
    calls.count_members(project_id=pool.project_id, since=pool.since)
    if outcome.new:
        # What lies in another space was found with another embedding: its calls are in the new ones.
        others = Cluster.objects.filter(project_id=pool.project_id).exclude(embedding_version=pool.version)
        others.current().update(retired_at=now)
    naming.refresh(pool, now)
    values: dict[str, Any] = {column: now, "numbers": asdict(outcome)}
    ClusteringRun.objects.update_or_create(project_id=pool.project_id, defaults=values)
