"""Which projects it is time to look for clusters in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.analysis.running import WINDOW
from monitoring.clusters.models import Cluster, ClusteringRun
from monitoring.clusters.running import DISCOVER_KIND, FEWEST_TEXTS, REBUILD_KIND, SMALLEST
from projects.models import Project

_HOURLY, _DAILY, _WEEKLY = timedelta(hours=1), timedelta(hours=23), timedelta(days=7)
# With so many that fit nowhere, nobody waits for the night before the first clusters are there.
_WAITING = """
    SELECT count(*) FROM (
        SELECT FROM call_analysis WHERE project_id = %(project)s AND call_at >= %(since)s AND start_day >= %(since)s::date
           AND cluster_id IS NULL AND embedding IS NOT NULL AND (flags <> 0 OR NOT %(flagged)s) LIMIT %(limit)s
    ) waiting
"""


@dataclass(frozen=True, slots=True)
class Due:
    """One run that it is time for."""

    project_id: int
    kind: str
    only_flagged: bool = False


def due(*, now: datetime) -> list[Due]:
    """Return at most one run for each project, the most thorough one that it is time for."""
    runs = {run.project_id: run for run in ClusteringRun.objects.all()}
    grouped = set(Cluster.objects.current().values_list("project_id", flat=True).distinct())
    found = [
        _due(project_id, runs.get(project_id), project_id in grouped, now)
        for project_id in Project.objects.order_by("pk").values_list("pk", flat=True)
    ]
    return [one for one in found if one is not None]


def _due(project_id: int, run: ClusteringRun | None, is_grouped: bool, now: datetime) -> Due | None:
    if not is_grouped:
        is_time = run is None or _is_over(run.discovered_at, _HOURLY, now)
        return Due(project_id, DISCOVER_KIND) if is_time and _has(project_id, FEWEST_TEXTS, now) else None
    if run is None or _is_over(run.rebuilt_at or run.discovered_at, _WEEKLY, now):
        return Due(project_id, REBUILD_KIND)
    if _is_over(run.discovered_at, _DAILY, now):
        return Due(project_id, DISCOVER_KIND)
    latest = max((at for at in (run.flagged_at, run.discovered_at) if at), default=None)
    if _is_over(latest, _HOURLY, now) and _has(project_id, SMALLEST, now, only_flagged=True):
        return Due(project_id, DISCOVER_KIND, only_flagged=True)
    return None


def _is_over(at: datetime | None, interval: timedelta, now: datetime) -> bool:
    return at is None or at <= now - interval


def _has(project_id: int, fewest: int, now: datetime, *, only_flagged: bool = False) -> bool:
    values: dict[str, Any] = {"project": project_id, "since": now - WINDOW, "flagged": only_flagged, "limit": fewest}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        [(count,)] = cursor.fetchall()
    return int(count) >= fewest
