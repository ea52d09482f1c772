"""The inbox of feedback: what people said, the newest first, the same words of many people as one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from monitoring.feedback.wanted import Wanted, alike
from monitoring.issues import of_traces
from monitoring.issues.models import Issue
from monitoring.models import Score, Trace, Triage
from monitoring.trace_search import Cursor
from projects.models import Project, User

PAGE_SIZE = 50
MOST_COUNTED = 1_000
# A row stands for those that say the same only while the newest of them is the row itself.
_PAGE = """
    SELECT s.id, (SELECT count(*) FROM (SELECT FROM score o WHERE {others} AND {same_other} LIMIT {most}) same)
      FROM score s WHERE {wanted} {beyond} {fold}
     ORDER BY s.received_at {direction}, s.id {direction} LIMIT %(limit)s
"""
_FOLD = """
    AND NOT EXISTS (SELECT FROM score n WHERE {newer} AND {same_newer} AND (n.received_at, n.id) > (s.received_at, s.id))
"""
_COUNT = "SELECT count(*) FROM (SELECT FROM score s WHERE {wanted} LIMIT {most}) found"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the inbox: what was said, how many said the same, about which call, and the issues that call belongs to."""

    score: Score
    same_count: int
    author: User | None
    trace: Trace | None
    issues: Sequence[Issue]

    @property
    def words(self) -> str:
        """What was said of the answer, without the better one."""
        return self.score.comment or (self.score.string_value or "" if self.score.data_type == "text" else "")

    @property
    def correction(self) -> str:
        return self.score.string_value or "" if self.score.data_type == "correction" else ""

    @property
    def others(self) -> int:
        """How many more rows are folded into this one."""
        return max(0, self.same_count - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the inbox, the newest first, and where the pages beside it begin."""

    entries: list[Entry]
    older: Cursor | None
    newer: Cursor | None


def page(
    *, project: Project, wanted: Wanted, older_than: Cursor | None = None, newer_than: Cursor | None = None
) -> Page:
    """Return one page of the inbox; all texts in it are hostile."""
    goes_back = newer_than is not None and older_than is None
    found = _found(wanted, older_than or newer_than, goes_back=goes_back)
    has_more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    entries = _entries(project, found[::-1] if goes_back else found)
    if goes_back:
        return Page(entries, _cursor(entries, -1), _cursor(entries, 0) if has_more else None)
    return Page(entries, _cursor(entries, -1) if has_more else None, _cursor(entries, 0) if older_than else None)


def counts(*, wanted: Wanted) -> dict[str, int]:
    """Return how much there is in every state and, under the empty name, in all; counted up to MOST_COUNTED."""
    found = {}
    with connection.cursor() as cursor:
        for state in (*Triage.values, ""):
            one = wanted.of_state(state)
            cursor.execute(_COUNT.format(wanted=one.condition("s"), most=MOST_COUNTED), one.values)
            found[state] = int(cursor.fetchone()[0])
    return found


def prompts(*, project: Project, limit: int = 100) -> list[str]:
    """Return the prompts that feedback with words is about, as far as the newest of it tells."""
    newest = (
        Score.objects.filter(project=project, source__in=("user", "human", "api"))
        .filter(~Q(comment="") | Q(data_type__in=("text", "correction")))
        .order_by("-received_at")
        .values_list("prompt_name", flat=True)[:2_000]
    )
    return sorted({name for name in newest if name})[:limit]


def _found(wanted: Wanted, place: Cursor | None, *, goes_back: bool) -> list[tuple[UUID, int]]:
    values = wanted.values | {"limit": PAGE_SIZE + 1}
    beyond = ""
    if place is not None:
        beyond = f"AND (s.received_at, s.id) {'>' if goes_back else '<'} (%(at)s, %(id)s)"
        values |= {"at": place.at, "id": place.trace_id}
    fold = "" if wanted.like else _FOLD.format(newer=wanted.condition("n"), same_newer=alike("s", "n"))
    statement = _PAGE.format(
        others=wanted.condition("o"), same_other=alike("s", "o"), wanted=wanted.condition("s"), beyond=beyond, fold=fold,
        most=MOST_COUNTED, direction="ASC" if goes_back else "DESC",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _entries(project: Project, found: Sequence[tuple[UUID, int]]) -> list[Entry]:
    scores = _by_id(
        Score.objects.filter(project=project, id__in=[pk for pk, _ in found]).select_related("triaged_by"), "id"
    )
    trace_ids = {score.trace_id for score in scores.values()}
    traces = _by_id(Trace.objects.for_project(project).filter(trace_id__in=trace_ids), "trace_id")
    authors = _by_id(
        User.objects.filter(pk__in={score.author_id for score in scores.values() if score.author_id}), "pk"
    )
    issues = of_traces.issues_by_trace(list(traces.values()))
    return [
        Entry(
            scores[pk], same_count, authors.get(scores[pk].author_id), traces.get(scores[pk].trace_id),
            issues.get(scores[pk].trace_id, ()),
        )
        for pk, same_count in found if pk in scores
    ]  # fmt: skip


def _by_id(rows: Any, name: str) -> dict[Any, Any]:
    return {getattr(row, name): row for row in rows}


def _cursor(entries: Sequence[Entry], place: int) -> Cursor | None:
    return Cursor(entries[place].score.received_at, entries[place].score.id) if entries else None


def is_overdue(score: Score, *, now: datetime, days: int = 7) -> bool:
    """Tell whether the call that feedback is about has not come for so long that it will hardly come any more."""
    return score.joined_at is None and (now - score.received_at).days >= days
