"""What was found in calls but is in no issue and no group of questions yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from monitoring.analysis.models import AnalysisProgress
from monitoring.clusters.models import ClusteringRun
from monitoring.issues import looks, membership, opening
from monitoring.issues.models import IssueCycle, Signal
from monitoring.streams.scopes import SIGNALS, is_bad
from projects.models import Project

# The disliked calls are few; those with a flag have an index of their own.
_PENDING = """
    SELECT {counted} FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s
       AND a.flags <> 0 AND a.cluster_id IS NULL AND NOT coalesce(({known}), false)
"""


@dataclass(frozen=True, slots=True)
class PendingSignal:
    """Calls with something wrong that are of no group of questions yet."""

    signal: str
    label: str
    calls: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """What was found but is in no issue and no group yet, and when somebody last looked."""

    signals: list[PendingSignal]
    looked_at: datetime | None
    grouped_at: datetime | None
    analysed_until: datetime | None


def pending(*, project: Project) -> Pending:
    """Return the calls of the last seven days with something wrong that are not grouped yet, by what is wrong."""
    until = timezone.now()
    everything = membership.of(
        [scope for own in opening.known(project_id=project.pk).scopes.values() for scope in own], others=[]
    )
    known = everything.bad()
    counted = ", ".join(
        f"count(*) FILTER (WHERE {is_bad(name)}), min(a.call_at) FILTER (WHERE {is_bad(name)})" for name in SIGNALS
    )
    values = known.values | {"project": project.pk, "since": until - looks.WINDOW, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_PENDING.format(counted=counted, known=known.sql), values)
        row = cursor.fetchone()
    signals = [
        PendingSignal(name, Signal(name).label, row[2 * place], row[2 * place + 1])
        for place, name in enumerate(SIGNALS) if row[2 * place]
    ]  # fmt: skip
    run = ClusteringRun.objects.filter(project=project).first()
    cycle = IssueCycle.objects.filter(project=project).first()
    progress = AnalysisProgress.objects.filter(project=project).first()
    return Pending(
        sorted(signals, key=lambda one: -one.calls), cycle.looked_at if cycle else None,
        run.discovered_at if run else None, progress.until_at if progress else None,
    )  # fmt: skip
