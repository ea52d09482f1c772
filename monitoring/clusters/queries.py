"""What pages show of clusters; of those that only a few people asked for, neither a name nor an example."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from monitoring.analysis.running import WINDOW
from monitoring.clusters.models import Cluster, ClusterLink
from monitoring.clusters.privacy import fewest_people
from projects.models import Project

HIDDEN_NAME = "A small group of questions"
UNNAMED = "A group of questions"
_EXAMPLES = 5

# A call without a user counts as one person for each session, or for each trace.
PERSON = "coalesce(nullif(user_id, ''), nullif(session_id, ''), trace_id::text)"
_SIZES = f"""
    SELECT cluster_id, count(*), count(DISTINCT {PERSON}) FROM call_analysis
     WHERE project_id = %(project)s AND start_day >= %(since)s::date AND call_at >= %(since)s AND cluster_id IS NOT NULL
     GROUP BY cluster_id
"""
# The nearest to the middle of the cluster among a few, each by another person.
_EXAMPLE_CALLS = f"""
    SELECT cluster_id, trace_id, span_id, call_at, text FROM (
        SELECT DISTINCT ON (c.id, found.person) c.id AS cluster_id, found.* FROM cluster c CROSS JOIN LATERAL (
            SELECT trace_id, span_id, call_at, text, {PERSON} AS person, a.embedding <=> c.centroid AS distance
              FROM call_analysis a
             WHERE a.project_id = c.project_id AND a.cluster_id = c.id AND a.call_at >= %(since)s
               AND a.start_day >= %(since)s::date AND a.embedding_version = c.embedding_version AND a.text <> ''
             ORDER BY a.draw LIMIT 100
        ) found WHERE c.project_id = %(project)s AND c.id = ANY(%(ids)s)
         ORDER BY c.id, found.person, found.distance
    ) nearest ORDER BY cluster_id, distance, trace_id
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A call from the middle of a cluster."""

    trace_id: UUID
    span_id: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A cluster: how many calls of how many people it has, and which share of all calls these are."""

    cluster_id: int
    name: str
    summary: str
    parent_name: str
    terms: list[str]
    calls: int
    people: int
    share: float
    is_hidden: bool
    first_at: datetime
    last_at: datetime
    map_x: float
    map_y: float
    examples: list[Example]


def visible(project: Project, *, since: datetime | None = None, with_examples: bool = False) -> list[GroupLine]:
    """Return the clusters that have calls since a moment (usually two weeks ago), the largest first."""
    since = since or timezone.now() - WINDOW
    sizes = _sizes(project.pk, since)
    rows = Cluster.objects.for_project(project).filter(pk__in=sizes)
    fewest, total = fewest_people(project.pk), sum(calls for calls, _ in sizes.values())
    shown = [pk for pk, (_, people) in sizes.items() if people >= fewest]
    examples = _examples(project.pk, shown, since) if with_examples else {}
    found = [_line(row, *sizes[row.pk], total, fewest, examples.get(row.pk, [])) for row in rows]
    return sorted(found, key=lambda line: (-line.calls, line.cluster_id))


def name_of(project: Project, *, cluster_id: int, since: datetime | None = None) -> str:
    """Return the name of a cluster as it may be shown."""
    row = Cluster.objects.for_project(project).filter(pk=cluster_id).first()
    if row is None:
        return UNNAMED
    _, people = _sizes(project.pk, since or timezone.now() - WINDOW).get(row.pk, (0, 0))
    return row.name or UNNAMED if people >= fewest_people(project.pk) else HIDDEN_NAME


def hidden_ids(project_id: int, *, since: datetime) -> set[int]:
    """Return the clusters of too few people."""
    fewest = fewest_people(project_id)
    return {pk for pk, (_, people) in _sizes(project_id, since).items() if people < fewest}


def became(project: Project, *, cluster_id: int) -> list[ClusterLink]:
    """Return what was split off a cluster or merged into it and what it became, the newest first."""
    links = ClusterLink.objects.filter(Q(source_id=cluster_id) | Q(target_id=cluster_id), project=project)
    return list(links.select_related("source", "target").order_by("-at", "-pk"))


def _line(row: Cluster, calls: int, people: int, total: int, fewest: int, examples: Sequence[Example]) -> GroupLine:
    is_hidden = people < fewest
    return GroupLine(
        row.pk, HIDDEN_NAME if is_hidden else row.name or UNNAMED, "" if is_hidden else row.summary,
        row.parent_name, [] if is_hidden else row.terms, calls, people, calls / total, is_hidden, row.first_at, row.last_at,
        row.map_x, row.map_y, list(examples),
    )  # fmt: skip


def _sizes(project_id: int, since: datetime) -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, {"project": project_id, "since": since})
        return {cluster_id: (calls, people) for cluster_id, calls, people in cursor.fetchall()}


def _examples(project_id: int, ids: Sequence[int], since: datetime) -> dict[int, list[Example]]:
    found: defaultdict[int, list[Example]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_EXAMPLE_CALLS, {"project": project_id, "ids": list(ids), "since": since})
        for cluster_id, *fields in cursor.fetchall():
            example = Example(*fields)
            if len(found[cluster_id]) < _EXAMPLES and all(example.text != one.text for one in found[cluster_id]):
                found[cluster_id].append(example)
    return found
