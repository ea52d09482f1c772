"""Is everything all right, and if not, where: the first page of a project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import trace_reading, usage
from monitoring.alerts import queries
from monitoring.alerts.models import AlertEvent
from monitoring.issues.models import NEEDS_ATTENTION
from monitoring.trace_reading import Opinion
from monitoring.usage import Report
from monitoring.usage_findings import Kind
from monitoring.usage_reading import Filters
from projects.models import Project
from projects.roles import Action
from webapp import charts, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import (
    charts_marks,
    issues_reading,
    overview_charts,
    overview_panels,
    overview_rollouts,
    overview_words,
)
from webapp.pages.issues_view import Line
from webapp.pages.overview_charts import Markers, Publishing
from webapp.pages.traces_links import explore_url, same_page, trace_url
from webapp.render import render_page
from webapp.time_ranges import TimeRange

_MOST_ISSUES = 5


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a project's traffic the page is about."""

    project: Project
    time_range: TimeRange
    environment: str
    prompt: str
    model: str

    @property
    def filters(self) -> Filters:
        return Filters(environment=self.environment, prompt_name=self.prompt, model=self.model)

    @property
    def has_filters(self) -> bool:
        return bool(self.prompt or self.model)


@requires(Action.READ_TRACES)
def overview(request: ProjectRequest) -> HttpResponse:
    """Show the verdict, the tiles, the charts and what the calls came from."""
    if request.project.first_accepted_at is None:
        return render_page(request, "overview/empty.html", {"page_title": "Overview"}, section="overview")
    now = timezone.now()
    scope = _scope(request, now)
    report = usage.report(
        project=scope.project, start=scope.time_range.start, end=scope.time_range.end, **scope.filters
    )
    published = _publishings(scope, report.period.start)
    worst = issues_reading.lines(project=scope.project, states=NEEDS_ATTENTION, limit=_MOST_ISSUES)
    fired = _fired(scope, report.period.start)
    context = {
        "page_title": "Overview", "scope": scope, "report": report, "counted_at": now, "issues": worst,
        "is_over": scope.time_range.end < now,
        "chips": _chips(request, scope), "explore_url": explore_url(request, scope.project, prompt=scope.prompt, model=scope.model),
        **_verdict(request, scope, report, published, worst), **_panels(request, scope, report),
        **_charts(request, report, _marks(scope, report.period.start, published, fired)),
        "dislikes": _dislikes(scope), "numbers": overview_charts.numbers(report.points),
    }  # fmt: skip
    return render_page(request, "overview/overview.html", context, section="overview", has_time_range=True)


@requires(Action.READ_TRACES)
def chart(request: ProjectRequest, name: str) -> HttpResponse:
    """Answer with the figure behind one chart of the overview, for the same filters."""
    if name not in overview_charts.NAMES:
        raise Http404
    scope = _scope(request, timezone.now())
    points = usage.series(
        project=scope.project, start=scope.time_range.start, end=scope.time_range.end, **scope.filters
    )
    start = points[0].at or scope.time_range.start
    marks = _marks(scope, start, _publishings(scope, start), _fired(scope, start))
    figure = charts.figure_json(overview_charts.build(name, points, marks))
    return HttpResponse(figure, content_type="application/json")


def _scope(request: ProjectRequest, now: datetime) -> Scope:
    time_range = time_ranges.from_request(request, now=now)
    # A range may reach into the future; what has not happened yet must not look like silence.
    end = max(min(time_range.end, now), time_range.start + (time_range.end - time_range.start) / 1000)
    wanted = [request.GET.get(name, "").replace("\x00", "")[:255] for name in ("environment", "prompt", "model")]
    return Scope(request.project, replace(time_range, end=end), *wanted)


def _publishings(scope: Scope, start: datetime) -> list[Publishing]:
    return overview_charts.publishings(
        project=scope.project, start=start, end=scope.time_range.end, prompt_name=scope.prompt
    )


def _fired(scope: Scope, start: datetime) -> list[AlertEvent]:
    """Return when alerts fired that may be about the calls of the page."""
    fired = queries.fired_between(project=scope.project, start=start, end=scope.time_range.end)
    asked = {"environment": scope.environment, "prompt_name": scope.prompt, "model": scope.model}
    return [
        event
        for event in fired
        if all(not value or getattr(event.alert, name) in ("", value) for name, value in asked.items())
    ]


def _verdict(
    request: ProjectRequest, scope: Scope, report: Report, published: list[Publishing], worst: list[Line]
) -> dict[str, Any]:  # fmt: skip
    moments = {(item.prompt_name, item.number): item.at for item in published}
    verdict = overview_words.verdict(report, scope.time_range, moments)
    if worst and not scope.has_filters:
        # A problem that has a name says more than a number that moved.
        url = reverse("issue", args=[scope.project.slug, worst[0].row.number])
        return {"verdict": overview_words.with_issue(verdict, worst[0]), "verdict_url": url}
    found = verdict.finding
    if found is None:
        return {"verdict": verdict}
    narrowed: dict[str, Any] = {"prompt": scope.prompt, "model": scope.model}
    if found.culprit:
        narrowed |= {"prompt": found.culprit.prompt_name, "version": found.culprit.prompt_version}
    if found.kind in (Kind.ERRORS_UP, Kind.VERSION_FAILS):
        narrowed |= {"status": "error"}
    if found.kind in (Kind.DISLIKES_UP, Kind.VERSION_DISLIKED):
        narrowed |= {"thumbs": "down"}
    return {"verdict": verdict, "verdict_url": explore_url(request, scope.project, **narrowed)}


def _panels(request: ProjectRequest, scope: Scope, report: Report) -> dict[str, Any]:
    def link(**filters: object) -> str:
        return explore_url(request, scope.project, **{"prompt": scope.prompt, "model": scope.model} | filters)

    rollouts = overview_rollouts.running(project=scope.project, prompt_name=scope.prompt)
    return {
        "splits": overview_rollouts.splits(
            project=scope.project, rollouts=rollouts, start=scope.time_range.start, end=scope.time_range.end, link=link,
            filters=scope.filters,
        ),
        "tiles": overview_panels.tiles(report, link),
        "versions": overview_panels.version_rows(report, link),
        "models": overview_panels.model_rows(report, link),
        "hidden_versions": max(0, len(report.versions) - overview_panels.MOST_ROWS),
    }  # fmt: skip


def _marks(scope: Scope, start: datetime, published: list[Publishing], fired: list[AlertEvent]) -> Markers:
    further = charts_marks.further(scope.project, start, scope.time_range.end, scope.prompt)
    return sorted([*overview_charts.markers(published, fired), *further])


def _charts(request: ProjectRequest, report: Report, marks: Markers) -> dict[str, Any]:
    found = {}
    for name in overview_charts.NAMES:
        chart = overview_charts.build(name, report.points, marks)
        url = same_page(request).replace(request.path, f"{request.path}charts/{name}.json", 1)
        found[name] = {"svg": charts.svg(chart), "url": url}
    return {"charts": found}


def _chips(request: ProjectRequest, scope: Scope) -> list[dict[str, str]]:
    chosen = [("Prompt", "prompt", scope.prompt), ("Model", "model", scope.model)]
    return [
        {"label": label, "value": value, "remove_url": same_page(request, **{name: ""})}
        for label, name, value in chosen
        if value
    ]


@dataclass(frozen=True, slots=True)
class Dislike:
    """A thumb down with its words, and the call it is about."""

    opinion: Opinion
    preview: str
    url: str


def _dislikes(scope: Scope) -> list[Dislike]:
    opinions = trace_reading.latest_dislikes(
        project=scope.project, start=scope.time_range.start, end=scope.time_range.end, environment=scope.environment
    )
    traces = trace_reading.previews(project=scope.project, trace_ids=[opinion.score.trace_id for opinion in opinions])
    found = []
    for opinion in opinions:
        trace = traces.get(opinion.score.trace_id)
        url = trace_url(scope.project, opinion.score.trace_id.hex)
        found.append(Dislike(opinion, trace.input_preview or trace.name if trace else "", url))
    return found


urlpatterns: list[URLPattern] = [
    path("", overview, name="overview"),
    path("charts/<slug:name>.json", chart, name="overview-chart"),
]
