"""Who says anything about answers: the share of calls with a thumb by kind of call, and what their silence leaves open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.db import connection

from monitoring.clusters import queries
from monitoring.clusters.models import Cluster
from monitoring.feedback.bounds import Kind
from monitoring.trace_volume import at_most
from monitoring.usage_rates import Rate
from projects.models import Project

# The newest traces are read one by one: whoever answers today is told by them as well as by all.
MOST_READ = 20_000
MOST_MILLISECONDS = 4_000
MOST_ROWS = 12
# Where the time to answer is cut, in seconds.
_CUTS = (1.0, 2.0, 5.0, 10.0)
_READ = """
    WITH newest AS MATERIALIZED (
        SELECT t.project_id, t.trace_id, t.min_day, t.max_day, t.prompt_name, t.prompt_version, t.model, t.thumbs_up, t.thumbs_down,
               width_bucket((t.end_ns - t.start_ns) / 1e9, %(cuts)s::float8[]) AS took
          FROM trace t
         WHERE t.project_id = %(project)s AND t.started_at >= %(start)s AND t.started_at < %(end)s AND t.call_count > 0
           AND (%(environment)s = '' OR t.environment = %(environment)s) AND (%(prompt)s = '' OR t.prompt_name = %(prompt)s)
         ORDER BY t.started_at DESC, t.trace_id DESC LIMIT %(most)s
    ),
    read AS (
        SELECT n.*, coalesce((
            SELECT a.cluster_id FROM call_analysis a WHERE a.project_id = n.project_id AND a.trace_id = n.trace_id
               AND a.start_day BETWEEN n.min_day AND n.max_day AND a.cluster_id IS NOT NULL ORDER BY a.call_at DESC LIMIT 1), 0) AS asked
          FROM newest n
    )
    SELECT grouping(prompt_name, prompt_version, model, took, asked), prompt_name, prompt_version, model, took, asked, count(*),
           count(*) FILTER (WHERE thumbs_down = 0 AND thumbs_up > 0), count(*) FILTER (WHERE thumbs_down > 0)
      FROM read
     GROUP BY GROUPING SETS ((prompt_name, prompt_version), (model), (took), (asked), (prompt_name, prompt_version, model, took, asked))
"""


class _Cut(IntEnum):
    """The bits of what a row is not grouped by, from the left: prompt, version, model, time, group of questions."""

    PROMPT = 0b00111
    MODEL = 0b11011
    TOOK = 0b11101
    ASKED = 0b11110
    KIND = 0b00000


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of call: how many there were, with how many people said anything, and with how many of these they were pleased."""

    label: str
    kind: Kind
    # Shares of all calls that were answered, and of all that were not, which are of this kind.
    of_answered: float | None
    of_silent: float | None

    @property
    def responses(self) -> Rate:
        return Rate(self.kind.answered, self.kind.calls)

    @property
    def likes(self) -> Rate:
        return Rate(self.kind.up, self.kind.answered)


@dataclass(frozen=True, slots=True)
class Table:
    """All kinds of calls cut one way, the most frequent first."""

    title: str
    heading: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Responses:
    """Who answered in a stretch of time, and all kinds of calls at once for what follows from it."""

    total: Kind
    kinds: Sequence[Kind]
    tables: Sequence[Table]

    @property
    def is_part(self) -> bool:
        """Tell whether only the newest of the calls were read."""
        return self.total.calls >= MOST_READ

    def uneven(self) -> tuple[Row, Row] | None:
        """Return the kinds that answer most and least often, when their intervals do not touch; the widest gap of all tables."""
        pairs = [pair for table in self.tables if (pair := _apart(table.rows))]
        return max(pairs, key=lambda pair: pair[0].responses.low - pair[1].responses.high, default=None)


def of(*, project: Project, start: datetime, end: datetime, environment: str = "", prompt: str = "") -> Responses:
    """Return who answers; raises monitoring.trace_volume.TookTooLong. A trace with any thumb down counts as displeased."""
    values: dict[str, Any] = {
        "project": project.pk, "start": start, "end": end, "environment": environment, "prompt": prompt, "most": MOST_READ,
        "cuts": list(_CUTS),
    }  # fmt: skip
    with at_most(milliseconds=MOST_MILLISECONDS), connection.cursor() as cursor:
        cursor.execute(_READ, values)
        rows = cursor.fetchall()
    kinds = [Kind(*row[6:]) for row in rows if row[0] == _Cut.KIND]
    total = Kind(sum(kind.calls for kind in kinds), sum(kind.up for kind in kinds), sum(kind.down for kind in kinds))
    names = _group_names(project, {row[5] for row in _most(rows, _Cut.ASKED)}, since=start)
    cuts: tuple[tuple[_Cut, str, str, Callable[[Any], str]], ...] = (
        (_Cut.PROMPT, "By prompt and version", "Prompt", lambda row: _prompt(row[1], row[2])),
        (_Cut.MODEL, "By model", "Model", lambda row: row[3] or "not told"),
        (_Cut.TOOK, "By how long it took", "Took", lambda row: _took(row[4])),
        (_Cut.ASKED, "By what was asked", "Group of questions", lambda row: names.get(row[5], "in no group")),
    )
    tables = [
        Table(title, heading, [_row(label(row), Kind(*row[6:]), total) for row in _most(rows, cut)])
        for cut, title, heading, label in cuts
    ]
    return Responses(total, kinds, [table for table in tables if len(table.rows) > 1])


def _most(rows: Sequence[Any], cut: _Cut) -> list[Any]:
    found = [row for row in rows if row[0] == cut]
    if cut is _Cut.TOOK:
        return sorted(found, key=lambda row: row[4])
    return sorted(found, key=lambda row: -row[6])[:MOST_ROWS]


def _row(label: str, kind: Kind, total: Kind) -> Row:
    return Row(
        label, kind, kind.answered / total.answered if total.answered else None, kind.silent / total.silent if total.silent else None
    )  # fmt: skip


def _prompt(name: str, version: int) -> str:
    return f"{name} v{version}" if name and version else name or "without a prompt"


def _took(bucket: int) -> str:
    if bucket == 0:
        return f"under {_CUTS[0]:g} s"
    return f"{_CUTS[bucket - 1]:g} to {_CUTS[bucket]:g} s" if bucket < len(_CUTS) else f"{_CUTS[-1]:g} s and more"


def _group_names(project: Project, ids: set[int], *, since: datetime) -> dict[int, str]:
    """Return the names as they may be shown: that of a group of a few people may give them away."""
    if not ids - {0}:
        return {}
    hidden = queries.hidden_ids(project.pk, since=since)
    rows = Cluster.objects.for_project(project).filter(pk__in=ids - {0}).values_list("pk", "name")
    return {pk: queries.HIDDEN_NAME if pk in hidden else name or queries.UNNAMED for pk, name in rows}


def _apart(rows: Sequence[Row]) -> tuple[Row, Row] | None:
    found = [row for row in rows if row.responses.is_enough]
    if not found:
        return None
    most, least = max(found, key=lambda row: row.responses.low), min(found, key=lambda row: row.responses.high)
    return (most, least) if most.responses.is_above(least.responses) else None
