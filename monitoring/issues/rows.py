"""What the inbox of issues and the page of one show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, QuerySet

from monitoring.clusters.models import Cluster
from monitoring.issues import looks, titles
from monitoring.issues.models import (
    CLOSED,
    NEEDS_ATTENTION,
    Issue,
    IssueScope,
    IssueState,
    Signal,
)
from monitoring.issues.titles import Cause
from monitoring.streams.scopes import Scope
from projects.models import Project, User

MOST_ROWS = 200


class Tab(StrEnum):
    """The parts of the inbox, by what is to be done."""

    NEEDS_YOU = "needs_you"
    OPEN = "open"
    IN_FIX = "in_fix"
    GONE = "gone"
    BACK = "back"
    MUTED = "muted"


_STATES: dict[Tab, tuple[IssueState, ...]] = {
    Tab.NEEDS_YOU: NEEDS_ATTENTION,
    Tab.OPEN: (IssueState.OPEN, IssueState.NOT_CONFIRMED),
    Tab.IN_FIX: (IssueState.IN_FIX, IssueState.ROLLING_OUT),
    Tab.GONE: CLOSED,
    Tab.BACK: (IssueState.REGRESSED,),
    Tab.MUTED: (IssueState.MUTED,),
}


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """One part of the traffic that an issue is about, in words; an empty word stands for anything."""

    scope: Scope
    signal_label: str
    group: str
    prompt_name: str
    model: str
    environment: str


@dataclass(frozen=True, slots=True)
class Day:
    """The calls of an issue on one day."""

    day: date
    calls: int
    bad: int


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue as lists show it; the numbers are those of the last look, over seven days."""

    number: int
    title: str
    state: str
    state_label: str
    trend: str
    trend_label: str
    scopes: tuple[ScopeWords, ...]
    call_count: int
    bad_count: int
    user_count: int
    rate: float
    rate_low: float
    rate_high: float
    usual_rate: float
    # Of all calls of the project.
    traffic_share: float
    days: tuple[Day, ...]
    harm: float
    cause: Cause
    cause_words: str
    prompt_name: str
    owner: User | None
    began_at: datetime | None
    first_at: datetime
    last_at: datetime
    measured_at: datetime | None
    muted_until: datetime | None

    @property
    def signals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.signal_label for one in self.scopes))

    @property
    def times_usual(self) -> float | None:
        """How many times the usual rate; None when nothing is usual."""
        return self.rate / self.usual_rate if self.usual_rate > 0 else None


def rows(*, project: Project, tab: Tab | str = Tab.NEEDS_YOU, limit: int = MOST_ROWS) -> list[IssueRow]:
    """Return the issues of a tab, the most harmful first."""
    return shown(_listed(project).filter(state__in=_STATES[Tab(tab)]).worst_first()[:limit])


def tab_counts(*, project: Project) -> dict[Tab, int]:
    """Return how many issues are in each tab."""
    counted = _listed(project).order_by().values_list("state").annotate(count=Count("pk"))
    by_state = dict(counted)
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in _STATES.items()}


def shown(issues: Iterable[Issue]) -> list[IssueRow]:
    """Return issues of one project as rows, with a fixed number of queries."""
    found = list(issues)
    scopes: dict[int, list[IssueScope]] = {}
    for row in IssueScope.objects.filter(issue__in=found).order_by("pk"):
        scopes.setdefault(row.issue_id, []).append(row)
    names = _group_names([row for some in scopes.values() for row in some])
    fewest = looks.fewest_users(found[0].project_id) if found else 0
    return [_row(issue, scopes.get(issue.pk, []), names, fewest) for issue in found]


def words_of(rows: Sequence[IssueScope], *, may_name: bool) -> tuple[ScopeWords, ...]:
    """Return parts of the traffic in words, with the names of groups of questions only where enough people ask them."""
    return _in_words(rows, _group_names(rows), may_name)


def is_shown(issue: Issue) -> bool:
    """Tell whether enough people are behind the calls of an issue to show names of groups and examples."""
    return int(issue.evidence.get("people", 0)) >= looks.fewest_users(issue.project_id)


def one(*, project: Project, number: int) -> Issue | None:
    """Return the issue with this number, also when it was merged into another."""
    rows = Issue.objects.for_project(project).select_related("project", "owner", "merged_into", "opened_by")
    return rows.filter(number=number).first() if 0 < number < 2**31 else None


def _listed(project: Project) -> Any:
    return Issue.objects.for_project(project).filter(merged_into__isnull=True).select_related("owner", "project")


def _row(issue: Issue, scopes: Sequence[IssueScope], names: Mapping[int, str], fewest: int) -> IssueRow:
    kept, cause = issue.evidence, Cause(issue.cause_dimension, issue.cause_value)
    rate = kept.get("rate", issue.bad_count / issue.call_count if issue.call_count else 0.0)
    may_name = int(kept.get("people", 0)) >= fewest
    return IssueRow(
        number=issue.number, title=issue.title, state=issue.state, state_label=issue.get_state_display(), trend=issue.trend,
        trend_label=issue.get_trend_display(), scopes=_in_words(scopes, names, may_name), call_count=issue.call_count,
        bad_count=issue.bad_count, user_count=issue.user_count, rate=rate, rate_low=kept.get("low", 0.0),
        rate_high=kept.get("high", 1.0), usual_rate=issue.usual_rate, traffic_share=kept.get("traffic_share", 0.0),
        days=tuple(Day(date.fromisoformat(day), calls, bad) for day, calls, bad in kept.get("days", [])), harm=issue.harm,
        cause=cause, cause_words=titles.since(cause), prompt_name=_prompt_name(issue, scopes), owner=issue.owner,
        began_at=issue.began_at, first_at=issue.first_at, last_at=issue.last_at, measured_at=issue.measured_at,
        muted_until=issue.muted_until,
    )  # fmt: skip


def _prompt_name(issue: Issue, scopes: Sequence[IssueScope]) -> str:
    named = [row.prompt_name for row in scopes if row.prompt_name]
    return named[0] if named else str(issue.evidence.get("prompt_name", ""))


def _in_words(rows: Sequence[IssueScope], names: Mapping[int, str], may_name: bool) -> tuple[ScopeWords, ...]:
    return tuple(
        ScopeWords(
            row.as_scope(), Signal(row.signal).label,
            names.get(row.cluster_id or 0, "") if may_name else "" if row.cluster_id is None else "A small group of questions",
            row.prompt_name, row.model, row.environment,
        )
        for row in rows
    )  # fmt: skip


def _group_names(rows: Sequence[IssueScope]) -> dict[int, str]:
    ids = {row.cluster_id for row in rows if row.cluster_id is not None}
    found: QuerySet[Cluster] = Cluster.objects.filter(pk__in=ids)
    return dict(found.values_list("pk", "name"))
