"""What could be made of an issue: parts that could be split off, and what a merge would make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from monitoring.issues import counts, details, looks, rows
from monitoring.issues.membership import Membership
from monitoring.issues.models import Issue, IssueScope
from monitoring.issues.rows import ScopeWords
from monitoring.streams.scopes import Scope

_MOST_PARTS = 8
_SMALLER = f"""
    SELECT a.{{column}}, count(*) FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s
       AND a.{{column}} IS NOT NULL AND a.{{column}}::text <> '' AND ({{condition}})
     GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_PARTS}
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an issue that could be an issue of its own."""

    words: ScopeWords
    calls: int
    bad: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What would become of two issues: the calls and people of each, of both together, and how many bad calls they share."""

    bad: int
    other_bad: int
    together: int
    shared: int
    people: int


def parts(*, issue: Issue) -> list[Part]:
    """Return what could be split off: the parts of a merged issue, else its groups of questions, prompts or models."""
    _, scopes = details.own_of(issue)
    since, until = details.window_of(issue)
    found = [row.as_scope() for row in scopes] if len(scopes) > 1 else _smaller(issue, scopes, since, until)
    may_name = rows.is_shown(issue)
    made = []
    for scope in found:
        totals = counts.totals(project_id=issue.project_id, of=Membership((scope,)), since=since, until=until)
        row = IssueScope(
            signal=scope.signal, cluster_id=scope.cluster_id, prompt_name=scope.prompt_name, model=scope.model,
            environment=scope.environment,
        )  # fmt: skip
        made.append(Part(rows.words_of([row], may_name=may_name)[0], totals.calls, totals.bad))
    return made


def merge_preview(*, issue: Issue, into: Issue) -> MergePreview:
    """Return what merging would make."""
    one, other = details.own_of(issue)[0], details.own_of(into)[0]
    both = Membership((*one.scopes, *other.scopes), (*one.left_out, *other.left_out))
    until = timezone.now()
    found = [
        counts.totals(project_id=issue.project_id, of=own, since=until - looks.WINDOW, until=until)
        for own in (one, other, both)
    ]
    shared = found[0].bad + found[1].bad - found[2].bad
    return MergePreview(found[0].bad, found[1].bad, found[2].bad, shared, found[2].people_hit)


def _smaller(issue: Issue, scopes: Sequence[IssueScope], since: datetime, until: datetime) -> list[Scope]:
    if not scopes:
        return []
    scope = scopes[0].as_scope()
    named = {
        "cluster_id": scope.cluster_id, "prompt_name": scope.prompt_name, "model": scope.model,
        "environment": scope.environment,
    }  # fmt: skip
    bad = Membership((scope,)).bad()
    for column in [name for name, value in named.items() if value in (None, "")]:
        found = _asked(_SMALLER.format(column=column, condition=bad.sql), issue, since, until, bad.values)
        if len(found) > 1:
            return [Scope(scope.signal, **(named | {column: value})) for value, _ in found]
    return []


def _asked(
    statement: str, issue: Issue, since: datetime, until: datetime, values: dict[str, Any]
) -> list[tuple[Any, ...]]:  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, values | {"project": issue.project_id, "since": since, "until": until})
        return list(cursor.fetchall())
