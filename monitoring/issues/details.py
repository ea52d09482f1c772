"""What the page of one issue shows beside its row: where, since when, whom, and calls to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from monitoring.issues import counts, examples, feedback, looks, membership, rows, similar, titles, trends, windows
from monitoring.issues.counts import VersionMark
from monitoring.issues.examples import Example
from monitoring.issues.feedback import Theme
from monitoring.issues.membership import Membership
from monitoring.issues.models import Issue, IssueEvent, IssueScope, Signal
from monitoring.issues.rows import IssueRow
from monitoring.issues.similar import Similar
from monitoring.issues.titles import Cause
from monitoring.streams.rates import Hour

_EXAMPLES, _MOST_BESIDE = 5, 4
_BY_HOUR_FOR = timedelta(days=3)
_FEWEST_BESIDE, _TIMES_BESIDE = 5, 1.5


@dataclass(frozen=True, slots=True)
class Trend:
    """Calls and bad calls by hour or by day (UTC), with the moments at which versions of prompts were first seen."""

    by_day: bool
    points: list[Hour]
    marks: list[VersionMark]


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One thing that was compared: the rate with it and without it, and how much of the problem it explains."""

    dimension: str
    value: str
    words: str
    calls: int
    bad: int
    rate: float
    rest_rate: float
    low: float
    high: float
    explained: float


@dataclass(frozen=True, slots=True)
class Beside:
    """Something else that is more frequent among the bad calls of an issue than among the others of its part of the traffic."""

    signal: str
    label: str
    rate: float
    rest_rate: float


@dataclass(frozen=True, slots=True)
class IssueDetail:
    """The page of an issue. Where too few people are behind it, there are no examples and no words of users."""

    row: IssueRow
    issue: Issue
    of: Membership
    is_shown: bool
    trend: Trend
    causes: list[CauseRow]
    examples: list[Example]
    good: list[Example]
    beside: list[Beside]
    themes: list[Theme]
    similar: list[Similar]
    history: list[IssueEvent]
    merged: list[Issue]


@dataclass(frozen=True, slots=True)
class AffectedUser:
    """Somebody who met the problem."""

    user_id: str
    bad: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CallRow:
    """A bad call of an issue by the keys that lead to it."""

    trace_id: Any
    span_id: int
    start_day: Any
    at: datetime
    text: str
    user_id: str
    prompt_version: int
    model: str


def detail(*, issue: Issue) -> IssueDetail:
    """Return everything that the page of an issue shows."""
    own, scopes = own_of(issue)
    since, until = window_of(issue)
    is_shown = rows.is_shown(issue)
    where: dict[str, Any] = {"project_id": issue.project_id, "of": own, "since": since, "until": until}
    return IssueDetail(
        row=rows.shown([issue])[0], issue=issue, of=own, is_shown=is_shown, trend=trend(issue=issue, of=own),
        causes=[_cause(raw) for raw in issue.evidence.get("causes", [])],
        examples=examples.bad(**where, most=_EXAMPLES) if is_shown else [],
        good=examples.good(**where, most=_EXAMPLES) if is_shown else [],
        beside=_beside(issue.project_id, own, since, until),
        themes=feedback.themes(issue=issue) if is_shown else [], similar=similar.to(issue, scopes),
        history=list(IssueEvent.objects.filter(issue=issue).select_related("by").order_by("-at", "-pk")[:100]),
        merged=list(Issue.objects.filter(merged_into=issue).order_by("number")),
    )  # fmt: skip


def trend(*, issue: Issue, of: Membership) -> Trend:
    """Return how the calls went: by hour for an issue that began lately, else by day."""
    until = timezone.now()
    began = issue.began_at or issue.first_at
    is_young = until - began <= _BY_HOUR_FOR
    since = began - _BY_HOUR_FOR if is_young else until - looks.FURTHEST
    hours, marks = trends.of_issue(project_id=issue.project_id, of=of, since=since, until=until)
    # What was there from the start was not published then.
    seen = [mark for mark in marks if hours and mark.at >= hours[0].at + timedelta(hours=1)]
    return Trend(not is_young, hours if is_young else _by_day(hours), seen)


def affected_users(*, issue: Issue, of: Membership, limit: int = 50) -> list[AffectedUser]:
    """Return who met the problem, the most often first; whoever shows it asks whether that is allowed."""
    bad = of.bad()
    since, until = window_of(issue)
    found = _rows(_USERS, issue, since, until, bad.sql, bad.values | {"limit": limit})
    return [AffectedUser(*row) for row in found]


def calls(*, issue: Issue, limit: int, since: datetime | None = None) -> list[CallRow]:
    """Return the bad calls of an issue, newest first."""
    bad = own_of(issue)[0].bad()
    window, until = window_of(issue)
    return [
        CallRow(*row)
        for row in _rows(_BAD_CALLS, issue, since or window, until, bad.sql, bad.values | {"limit": limit})
    ]


_USERS = f"""
    SELECT a.user_id, count(*), max(a.call_at) FROM call_analysis a
     WHERE {windows.BETWEEN} AND a.user_id <> '' AND ({{condition}}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(limit)s
"""
_BAD_CALLS = f"""
    SELECT a.trace_id, a.span_id, a.start_day, a.call_at, a.text, a.user_id, a.prompt_version, a.model FROM call_analysis a
     WHERE {windows.BETWEEN} AND ({{condition}}) ORDER BY a.call_at DESC, a.trace_id, a.span_id LIMIT %(limit)s
"""


def own_of(issue: Issue) -> tuple[Membership, list[IssueScope]]:
    """Return what the issue is about, and the rows that say so."""
    known = list(IssueScope.objects.filter(project_id=issue.project_id).order_by("pk"))
    own = [row for row in known if row.issue_id == issue.pk]
    others = [row.as_scope() for row in known if row.issue_id != issue.pk]
    return membership.of([row.as_scope() for row in own], others=others), own


def window_of(issue: Issue) -> tuple[datetime, datetime]:
    """Return the week up to now, or up to the last bad call of an issue that is gone."""
    until = timezone.now()
    if until - issue.last_at > looks.WINDOW:
        until = issue.last_at + timedelta(seconds=1)
    return until - looks.WINDOW, until


def _by_day(hours: Sequence[Hour]) -> list[Hour]:
    days: dict[datetime, Hour] = {}
    for hour in hours:
        at = hour.at.replace(hour=0)
        before = days.get(at, Hour(at, 0, 0))
        days[at] = Hour(at, before.calls + hour.calls, before.bad + hour.bad)
    return list(days.values())


def _cause(raw: dict[str, Any]) -> CauseRow:
    words = titles.since(Cause(raw["dimension"], raw["value"]))
    return CauseRow(**raw, words=words)


def _beside(project_id: int, own: Membership, since: datetime, until: datetime) -> list[Beside]:
    """Return what else goes with the problem: users dislike these four times more than the rest."""
    found = counts.signals(project_id=project_id, of=own, since=since, until=until)
    beside = [
        Beside(name, Signal(name).label, bad / found.bad, good / max(found.good, 1))
        for name, (bad, good) in found.by_signal.items()
        if name not in own.signals
        and bad >= _FEWEST_BESIDE
        and found.bad
        and _is_more(bad / found.bad, good / max(found.good, 1))
    ]
    return sorted(beside, key=lambda row: -row.rate)[:_MOST_BESIDE]


def _is_more(rate: float, rest: float) -> bool:
    return rate >= _TIMES_BESIDE * rest


def _rows(
    statement: str, issue: Issue, since: datetime, until: datetime, condition: str, values: dict[str, Any]
) -> list[tuple[Any, ...]]:  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(condition=condition),
            values | {"project": issue.project_id, "since": since, "until": until},
        )
        return list(cursor.fetchall())
