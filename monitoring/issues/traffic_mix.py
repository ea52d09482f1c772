"""What the traffic of an issue is made of now: calls and bad calls of each group of questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.issues import opening
from monitoring.issues.looks import WINDOW
from monitoring.issues.models import Issue

_BY_GROUP = """
    SELECT coalesce(a.cluster_id, 0), count(*), count(*) FILTER (WHERE {bad}) FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s AND ({traffic}) GROUP BY 1
"""
_GROUP_OF = """
    SELECT a.trace_id, a.span_id, coalesce(a.cluster_id, 0) FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.trace_id = ANY(%(traces)s)
"""
Step = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class GroupTraffic:
    """Calls of one group of questions (0: of none) that could have the problem, and how many have it."""

    calls: int
    bad: int


def by_group(*, issue: Issue, now: datetime) -> dict[int, GroupTraffic]:
    """Return the calls of the last week."""
    own = opening.known(project_id=issue.project_id).of(issue.pk)
    traffic, bad = own.traffic(), own.bad()
    values: dict[str, Any] = {"project": issue.project_id, "since": now - WINDOW, "until": now}
    with connection.cursor() as cursor:
        cursor.execute(_BY_GROUP.format(traffic=traffic.sql, bad=bad.sql), values | traffic.values | bad.values)
        return {row[0]: GroupTraffic(row[1], row[2]) for row in cursor.fetchall()}


def groups_of(*, project_id: int, steps: Sequence[Step]) -> dict[Step, int]:
    """Return in which group of questions each of these calls is; those that are gone are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUP_OF, {"project": project_id, "traces": list({trace_id for trace_id, _ in steps})})
        found = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
    return {step: found[step] for step in steps if step in found}
