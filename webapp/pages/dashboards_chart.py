"""One chart: what it asks, drawn, as a figure and as a file; and the form that asks something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring.analysis import running
from monitoring.dashboards import numbers, questions
from monitoring.dashboards.measures import GROUPS, SCORE, Source
from monitoring.dashboards.models import Dashboard, SavedChart, SavedChartQuerySet
from monitoring.dashboards.numbers import Numbers, TookTooLong
from monitoring.dashboards.questions import Question
from monitoring.dashboards.splits import SPLITS
from monitoring.exploring import fields, language, suggestions
from monitoring.exploring.terms import Term
from projects.models import Project
from projects.roles import Action
from webapp import charts, exports, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import charts_marks, dashboards_drawing, traces_links
from webapp.pages.dashboards_drawing import Row
from webapp.pages.prompts_form import number_in
from webapp.render import render_page

TOO_LONG = "Reading these calls one by one took too long. Choose a shorter time or a narrower filter."
NOTHING_READ = (
    "No call fits in this time, or none that fits was looked at yet: that takes about a minute after it arrives."
)
_LONG_LAG_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as a page shows it; `problem` says why there is nothing to show."""

    title: str
    question: Question
    svg: str = ""
    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()
    table: charts.Numbers | None = None
    problem: str = ""
    figure_url: str = ""
    csv_url: str = ""
    url: str = ""
    explore_url: str = ""
    has_before: bool = False


def draw(request: ProjectRequest, question: Question, *, title: str = "") -> Drawn:
    """Return the chart of a question for the time and the environment that somebody looks at."""
    title = title or question.title
    addresses = _addresses(request, question)
    if question.missing:
        return Drawn(title, question, problem=question.missing, **addresses)
    try:
        found = answer(request, question)
    except TookTooLong:
        return Drawn(title, question, problem=TOO_LONG, **addresses)
    if found.is_empty and found.source in (Source.CALLS, Source.FINDINGS):
        return Drawn(title, question, problem=NOTHING_READ, **addresses)
    chart = _chart(request, found, title)
    return Drawn(
        title, question, charts.svg(chart), dashboards_drawing.rows(found, lambda terms: _explore(request, question, terms)),
        [*dashboards_drawing.notes(found), *_lag(request, found)], charts.numbers(chart), has_before=question.compares, **addresses,
    )  # fmt: skip


def _lag(request: ProjectRequest, found: Numbers) -> list[str]:
    """Say up to when calls were looked at, when that is a good while ago and the numbers rest on it."""
    if found.source not in (Source.CALLS, Source.FINDINGS):
        return []
    progress = running.progress(project_id=request.project.pk)
    if progress.until_at is None or progress.lag_seconds < _LONG_LAG_SECONDS:
        return []
    return [
        f"So far, calls were looked at up to {timezone.localtime(progress.until_at):%-d %b %H:%M} UTC: later ones are missing."
    ]


def answer(request: ProjectRequest, question: Question) -> Numbers:
    """Return the numbers for the time and the environment of the address."""
    start, end = time_of(request)
    environment = request.GET.get("environment", "").replace("\x00", "")[:255]
    return numbers.answer(
        project=request.project, question=question, start=start, end=end, environment=environment
    )  # fmt: skip


def chart_url(request: ProjectRequest, question: Question, **more: object) -> str:
    """Return the address of a chart, for the same time and environment."""
    return _with(request, "chart", question, more)


def csv_url(request: ProjectRequest, question: Question) -> str:
    """Return the address of the numbers of a chart as a file."""
    return _with(request, "chart-csv", question, {})


def _addresses(request: ProjectRequest, question: Question) -> dict[str, Any]:
    return {
        "figure_url": _with(request, "chart-figure", question, {}), "csv_url": csv_url(request, question),
        "url": chart_url(request, question), "explore_url": _explore(request, question, ()),
    }  # fmt: skip


def _with(request: ProjectRequest, route: str, question: Question, more: Mapping[str, object]) -> str:
    query = {**questions.written(question), **traces_links.kept(request), **more}
    return f"{reverse(route, args=[request.project.slug])}?{urlencode(query)}"


def _explore(request: ProjectRequest, question: Question, terms: Sequence[Term]) -> str:
    return traces_links.explore_url(request, request.project, q=language.printed([*question.terms, *terms]), view="all")


def time_of(request: ProjectRequest) -> tuple[datetime, datetime]:
    """Return the time that somebody looks at, as far as it has happened."""
    now = timezone.now()
    asked = time_ranges.from_request(request, now=now)
    # A range may reach into the future; what has not happened yet must not look like silence.
    return asked.start, max(min(asked.end, now), asked.start + (asked.end - asked.start) / 1000)


def _chart(request: ProjectRequest, found: Numbers, title: str) -> charts.TimeSeriesChart:
    prompts = [one.only for one in found.question.terms if one.field == "prompt"]
    marks = charts_marks.between(
        project=request.project,
        start=found.period.start,
        end=found.period.end,
        prompt_name=prompts[0] if prompts else "",
    )
    return dashboards_drawing.build(found, title=title, marks=marks)


@requires(Action.READ_TRACES)
def chart(request: ProjectRequest) -> HttpResponse:
    """Show a chart with the form that made it; a filter that makes no sense is named and left out (422)."""
    question = questions.read(request.GET.dict())
    kept = _kept(request)
    problems = language.parse(request.GET.get("q", "")[: language.MOST_CHARS]).problems
    now = timezone.now()
    dashboards = Dashboard.objects.for_project(request.project).kept().order_by("name", "pk")
    context = {
        "page_title": kept.title if kept else "Chart", "query": traces_links.query_of(traces_links.kept(request)),
        "question": question, "drawn": draw(request, question), "kept": kept,
        "groups": GROUPS, "splits": SPLITS.values(), "typed": request.GET.get("q", "") if problems else question.line,
        "problems": [problem.text for problem in problems], "dashboards": dashboards[:200],
        "chosen_dashboard": kept.dashboard_id if kept else number_in(request.GET, "dashboard"),
        "scores": suggestions.keys(project=request.project, field=fields.FIELDS[SCORE], now=now) if question.measure.name == SCORE else [],
        "keys": suggestions.keys(project=request.project, field=fields.FIELDS["metadata"], now=now) if question.split.key_words else [],
        "values": questions.written(question), "may_change": request.membership.can(Action.EDIT_DASHBOARDS),
    }  # fmt: skip
    return render_page(
        request,
        "dashboards/chart.html",
        context,
        section="explore",
        has_time_range=True,
        status=422 if problems else 200,
    )


@requires(Action.READ_TRACES)
def figure(request: ProjectRequest) -> HttpResponse:
    """Answer with the figure behind a chart, for the same question and time."""
    question = questions.read(request.GET.dict())
    chart = _chart(request, _answered(request, question), question.title)
    return HttpResponse(charts.figure_json(chart), content_type="application/json")


@requires(Action.READ_TRACES)
def as_csv(request: ProjectRequest) -> HttpResponseBase:
    """Hand over the numbers of a chart."""
    found = _answered(request, questions.read(request.GET.dict()))
    lines = exports.csv_lines(dashboards_drawing.csv_rows(found))
    return exports.download(lines, name="callboard-chart.csv", content_type="text/csv; charset=utf-8")


def _answered(request: ProjectRequest, question: Question) -> Numbers:
    if question.missing:
        raise Http404
    try:
        return answer(request, question)
    except TookTooLong:
        raise Http404 from None


def _kept(request: ProjectRequest) -> SavedChart | None:
    """Return the kept chart that the form changes, if it says so."""
    return kept_charts(request.project).filter(pk=number_in(request.GET, "chart")).first()


def kept_charts(project: Project) -> SavedChartQuerySet:
    """Return the charts of a project on dashboards that are there, with those."""
    rows = SavedChart.objects.for_project(project).kept().filter(dashboard__deleted_at=None)
    return rows.select_related("dashboard__project")


urlpatterns: list[URLPattern] = [
    path("dashboards/chart/", chart, name="chart"),
    path("dashboards/chart.json", figure, name="chart-figure"),
    path("dashboards/chart.csv", as_csv, name="chart-csv"),
]
