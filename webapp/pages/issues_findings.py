"""Fills the page of an issue: its numbers, its trend, where it happens, its calls, and the people behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from monitoring.clusters.models import ClusterLink, LinkKind
from monitoring.issues import details, examples, queries
from monitoring.issues.details import CauseRow, IssueDetail, Trend
from monitoring.issues.models import Issue, IssueScope
from monitoring.issues.titles import language_name
from monitoring.models import span_number
from webapp.access import ProjectRequest
from webapp.pages import issues_charts
from webapp.pages.issues_texts import Mark, pieces
from webapp.pages.issues_view import (
    LANGUAGE,
    PROMPT_VERSION,
    Day,
    Detail,
    Difference,
    Example,
    Family,
    Person,
    Rate,
    version_words,
)
from webapp.pages.traces_links import explore_url, trace_url

# Which filter of Explore shows the calls of a dimension.
_FILTERS = {"model": "model", "environment": "environment", "prompt": "prompt"}
_PERSONS, _MOST_LINKS = 8, 20
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def detail(request: ProjectRequest, issue: Issue) -> Detail:
    """Return everything that the page of an issue shows besides its row."""
    found = queries.detail(issue=issue)
    return Detail(
        now=_rate(issue), usual_rate=issue.usual_rate, bad_calls=issue.bad_count, people=issue.user_count,
        is_shown=found.is_shown, days=days(found.trend), differences=_differences(request, found),
        bad_examples=[_example(issue, one) for one in found.examples],
        good_examples=[_example(issue, one) for one in found.good], beside=found.beside, themes=found.themes,
        persons=_persons(request, found) if found.is_shown else [], similar=found.similar,
        lineage=list(_lineage(issue)) if found.is_shown else [], history=found.history, merged=found.merged,
    )  # fmt: skip


def trend_of(issue: Issue) -> list[Day]:
    """Return the points of the charts alone."""
    own, _ = details.own_of(issue)
    return days(details.trend(issue=issue, of=own))


def steps(issue: Issue, *, is_bad: bool, limit: int) -> list[tuple[UUID, int]]:
    """Return calls with the problem, or good ones among the same, as different as possible, as trace and step."""
    own, _ = details.own_of(issue)
    since, until = details.window_of(issue)
    choose = examples.bad if is_bad else examples.good
    found = choose(project_id=issue.project_id, of=own, since=since, until=until, most=limit)
    return [(UUID(hex=one.trace_id), span_number(one.span_id)) for one in found]


def days(found: Trend) -> list[Day]:
    """Return the points of the trend at equal distances, those without calls too, so that a gap is seen as one."""
    if not found.points:
        return []
    known = {point.at: point for point in found.points}
    length = _DAY if found.by_day else _HOUR
    count = int((found.points[-1].at - found.points[0].at) / length) + 1
    moments = [found.points[0].at + length * index for index in range(count)]
    return [Day(at, known[at].calls, known[at].bad) if at in known else Day(at, 0, 0) for at in moments]


def _differences(request: ProjectRequest, found: IssueDetail) -> list[Difference]:
    """Return what raised it, the strongest first; bounds of a difference become bounds of the share itself."""
    causes = [*_first(found), *(cause for cause in found.causes if cause.low > 0)]
    top = max((min(1.0, cause.rest_rate + cause.high) for cause in causes), default=0.0)
    return [_difference(request, found, cause, top) for cause in causes]


def _first(found: IssueDetail) -> Iterator[CauseRow]:
    """Return what began it when nothing else was there since: the calls from then on are held against those before."""
    row, kept = found.row, found.issue.evidence
    known = {(cause.dimension, cause.value) for cause in found.causes if cause.low > 0}
    before = (kept.get("change") or {}).get("before")
    if row.cause.dimension and before is not None and (row.cause.dimension, row.cause.value) not in known:
        yield CauseRow(
            row.cause.dimension, row.cause.value, row.cause_words, kept["calls"], kept["bad"], row.rate, before,
            row.rate_low - before, row.rate_high - before, 1.0,
        )  # fmt: skip


def _rate(issue: Issue) -> Rate:
    """Return the calls since it began, as its title counts them."""
    return Rate(issue.evidence.get("calls", issue.call_count), issue.evidence.get("bad", issue.bad_count))


def _difference(request: ProjectRequest, found: IssueDetail, cause: CauseRow, top: float) -> Difference:
    low, high = max(0.0, cause.rest_rate + cause.low), min(1.0, cause.rest_rate + cause.high)
    value = _value(cause.dimension, cause.value)
    bar = issues_charts.difference_bar(rate=cause.rate, rest_rate=cause.rest_rate, low=low, high=high, top=top)
    return Difference(
        cause.dimension, value, cause.calls, cause.bad, cause.rate, cause.rest_rate, low, high, bar, _url(request, found, cause)
    )  # fmt: skip


def _value(dimension: str, value: str) -> str:
    if dimension == PROMPT_VERSION:
        return version_words(value)
    return language_name(value) if dimension == LANGUAGE else value


def _url(request: ProjectRequest, found: IssueDetail, cause: CauseRow) -> str:
    """Return the calls of the issue with this value, when Explore can be asked for them."""
    if cause.dimension in _FILTERS:
        narrowed = {_FILTERS[cause.dimension]: cause.value}
    elif cause.dimension == PROMPT_VERSION:
        name, _, number = cause.value.rpartition(" ")
        narrowed = {"prompt": name or found.row.prompt_name, "version": number}
    else:
        return ""
    return explore_url(request, request.project, issue=found.issue.number, range="30d", **narrowed)


def _example(issue: Issue, one: examples.Example) -> Example:
    def part(name: str) -> Sequence[Mark]:
        return [Mark(mark.start, mark.end, mark.why) for mark in one.highlights if mark.part == name]

    given = pieces(one.context, part("context"))
    return Example(
        url=trace_url(issue.project, one.trace_id, span=one.span_id), at=one.at,
        asked=pieces(one.asked, part("input")), answered=pieces(one.answered, part("output")),
        given=given, error=pieces(one.error, part("error")),
        whys=list(dict.fromkeys(mark.why for mark in one.highlights if mark.why)), prompt_version=one.prompt_version,
        model=one.model,
    )  # fmt: skip


def _persons(request: ProjectRequest, found: IssueDetail) -> list[Person]:
    return [
        Person(
            one.user_id, one.bad, one.last_at,
            explore_url(request, request.project, issue=found.issue.number, user=one.user_id, range="30d"),
        )
        for one in queries.affected_users(issue=found.issue, of=found.of, limit=_PERSONS)
    ]  # fmt: skip


def _lineage(issue: Issue) -> Iterator[Family]:
    """Return what became of the groups of questions that it is about."""
    own = IssueScope.objects.filter(issue=issue, cluster__isnull=False).values("cluster")
    links = ClusterLink.objects.filter(project_id=issue.project_id).select_related("source", "target").order_by("-at")
    for link in (links.filter(source__in=own) | links.filter(target__in=own))[:_MOST_LINKS]:
        share = f"{link.share:.0%}"
        if link.kind == LinkKind.SPLIT:
            yield Family(f"{share} of «{link.source.name}» became «{link.target.name}»", link.at)
        else:
            yield Family(f"«{link.source.name}» went into «{link.target.name}»", link.at)
