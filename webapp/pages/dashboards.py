"""Dashboards of a project: the list, each with its charts, and what people change about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from monitoring.dashboards import changes, questions
from monitoring.dashboards.measures import Source
from monitoring.dashboards.models import Dashboard, SavedChart
from monitoring.dashboards.questions import Question
from monitoring.errors import DashboardRefused
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.pages import dashboards_chart, dashboards_versions, traces_links
from webapp.pages.dashboards_chart import Drawn
from webapp.pages.prompts_form import number_in
from webapp.pages.traces_links import kept, same_page
from webapp.render import render_page

# What a new project can look at before anybody kept a chart.
STARTERS = (
    ("Calls by prompt", {"measure": "calls", "split": "prompt"}),
    ("How long answers take, by version", {"measure": "p95", "split": "version"}),
    ("What each model costs", {"measure": "cost", "split": "model"}),
    ("Share of thumbs down, by version", {"measure": "disliked", "split": "version"}),
    ("Failed calls beside the period before", {"measure": "errors", "compare": "1"}),
    ("Users", {"measure": "users"}),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart on a dashboard; without `drawn` the page asks for it once it is there."""

    chart: SavedChart
    drawn: Drawn | None
    panel_url: str
    url: str
    csv_url: str
    is_first: bool
    is_last: bool


@requires(Action.READ_TRACES)
def dashboards(request: ProjectRequest) -> HttpResponse:
    """Show the dashboards of the project, and charts to begin with."""
    rows = Dashboard.objects.for_project(request.project).kept().select_related("created_by")
    counted = rows.annotate(chart_count=Count("charts", filter=Q(charts__deleted_at=None))).order_by("name", "pk")
    context = {
        "page_title": "Dashboards", "tabs": traces_links.tabs(request, "dashboards"), "rows": counted[: changes.MOST_DASHBOARDS],
        "may_change": _may_change(request), "deleted": _deleted(request), "query": _query(request),
        "starters": [(name, dashboards_chart.chart_url(request, questions.read(values))) for name, values in STARTERS],
        "chart_url": dashboards_chart.chart_url(request, Question()),
    }  # fmt: skip
    return render_page(request, "dashboards/list.html", context, section="explore", has_time_range=True)


@requires(Action.READ_TRACES)
def dashboard(request: ProjectRequest, dashboard_id: int) -> HttpResponse:
    """Show the charts of one dashboard for a time; those that need single calls are asked for one by one."""
    found = _dashboard(request, dashboard_id)
    rows = list(found.charts.kept().in_order()[: changes.MOST_CHARTS])
    gone = found.charts.exclude(deleted_at=None).filter(pk=number_in(request.GET, "removed")).first()
    context = {
        "page_title": found.name, "dashboard": found, "may_change": _may_change(request), "removed": gone,
        "panels": [_panel(request, row, place, len(rows)) for place, row in enumerate(rows)], "query": _query(request),
        "add_url": dashboards_chart.chart_url(request, Question(), dashboard=found.pk),
        "here_url": request.build_absolute_uri(same_page(request, removed="")),
    }  # fmt: skip
    return render_page(request, "dashboards/dashboard.html", context, section="explore", has_time_range=True)


@requires(Action.READ_TRACES)
def panel(request: ProjectRequest, dashboard_id: int, chart_id: int) -> HttpResponse:
    """Answer with one chart of a dashboard, drawn."""
    found = _dashboard(request, dashboard_id)
    chart = one(found.charts.kept(), pk=chart_id)
    drawn = dashboards_chart.draw(request, questions.read(chart.values), title=chart.title)
    context = {"drawn": drawn, "project": request.project, "chart": chart, "short": True}
    return render(request, "dashboards/drawn.html", context)


def _panel(request: ProjectRequest, chart: SavedChart, place: int, count: int) -> Panel:
    question = questions.read(chart.values)
    slug, ids = request.project.slug, (chart.dashboard_id, chart.pk)
    is_quick = questions.source_of(question, question.terms, by_hours=True) == Source.COUNTERS
    return Panel(
        chart, dashboards_chart.draw(request, question, title=chart.title) if is_quick else None,
        f"{reverse('dashboard-panel', args=[slug, *ids])}{_query(request)}",
        dashboards_chart.chart_url(request, question, chart=chart.pk), dashboards_chart.csv_url(request, question),
        place == 0, place == count - 1,
    )  # fmt: skip


@requires(Action.EDIT_DASHBOARDS)
def _create(request: ProjectRequest) -> HttpResponseBase:
    try:
        made = changes.create(project=request.project, name=request.POST.get("name", ""), by=request.user)
    except DashboardRefused as error:
        messages.error(request, str(error))
        return _to(request, "dashboards")
    return _to(request, "dashboard", made.pk)


@requires(Action.EDIT_DASHBOARDS)
def _keep(request: ProjectRequest) -> HttpResponseBase:
    """Put the chart that somebody looks at on a dashboard, or in the place of the one that they opened."""
    question, title = questions.read(request.POST.dict()), request.POST.get("title", "")
    try:
        if chart_id := number_in(request.POST, "chart"):
            chart = one(dashboards_chart.kept_charts(request.project), pk=chart_id)
            changes.replace_chart(chart=chart, question=question, title=title, by=request.user)
            target = chart.dashboard
        else:
            target = _kept(request, question, title)
    except DashboardRefused as error:
        name = request.POST.get("name", "")
        if made := changes.made_just_now(project=request.project, name=name, question=question, by=request.user):
            return _to(request, "dashboard", made.pk)
        messages.error(request, str(error))
        return redirect(dashboards_chart.chart_url(request, question))
    messages.success(request, f"The chart is on «{target.name}».")
    return _to(request, "dashboard", target.pk)


@transaction.atomic
def _kept(request: ProjectRequest, question: Question, title: str) -> Dashboard:
    """Return the dashboard with the chart on it; one made for a chart that is refused is not left behind."""
    target = _chosen(request)
    changes.keep(dashboard=target, question=question, title=title, by=request.user)
    return target


def _chosen(request: ProjectRequest) -> Dashboard:
    """Return the dashboard that was chosen, or a new one of the name that was typed."""
    if chosen := number_in(request.POST, "dashboard"):
        return _dashboard(request, chosen)
    return changes.create(project=request.project, name=request.POST.get("name", ""), by=request.user)


@requires(Action.EDIT_DASHBOARDS)
def _change(request: ProjectRequest, dashboard_id: int) -> HttpResponseBase:
    """Rename, copy, delete or bring back a dashboard."""
    found = one(Dashboard.objects.for_project(request.project).select_related("project"), pk=dashboard_id)
    try:
        match request.POST.get("do", ""):
            case "rename":
                changes.rename(dashboard=found, name=request.POST.get("name", ""), by=request.user)
            case "duplicate":
                return _to(request, "dashboard", changes.duplicate(dashboard=found, by=request.user).pk)
            case "delete":
                changes.delete(dashboard=found, by=request.user)
                return _to(request, "dashboards", deleted=found.pk)
            case "restore":
                changes.bring_back(dashboard=found, by=request.user)
    except DashboardRefused as error:
        messages.error(request, str(error))
        return _to(request, "dashboards")
    return _to(request, "dashboard", found.pk)


@requires(Action.EDIT_DASHBOARDS)
def _change_chart(request: ProjectRequest, dashboard_id: int, chart_id: int) -> HttpResponseBase:
    """Rename, move, copy, remove or bring back a chart."""
    found = _dashboard(request, dashboard_id)
    chart = one(found.charts.select_related("dashboard__project"), pk=chart_id)
    try:
        match request.POST.get("do", ""):
            case "rename":
                changes.rename_chart(chart=chart, title=request.POST.get("title", ""), by=request.user)
            case "earlier" | "later" as do:
                changes.move_chart(chart=chart, steps=-1 if do == "earlier" else 1, by=request.user)
            case "duplicate":
                changes.duplicate_chart(chart=chart, by=request.user)
            case "remove":
                changes.delete_chart(chart=chart, by=request.user)
                return _to(request, "dashboard", found.pk, removed=chart.pk)
            case "restore":
                changes.bring_back_chart(chart=chart, by=request.user)
    except DashboardRefused as error:
        messages.error(request, str(error))
    return _to(request, "dashboard", found.pk)


def _dashboard(request: ProjectRequest, dashboard_id: int) -> Dashboard:
    return one(Dashboard.objects.for_project(request.project).kept().select_related("project"), pk=dashboard_id)


def _deleted(request: ProjectRequest) -> Dashboard | None:
    gone = Dashboard.objects.for_project(request.project).exclude(deleted_at=None)
    return gone.filter(pk=number_in(request.GET, "deleted")).first() if _may_change(request) else None


def _may_change(request: ProjectRequest) -> bool:
    return request.membership.can(Action.EDIT_DASHBOARDS)


def _query(request: HttpRequest) -> str:
    """Return the time and the environment as the end of an address."""
    return traces_links.query_of(kept(request))


def _to(request: ProjectRequest, route: str, *args: Any, **query: Any) -> HttpResponseBase:
    """Lead to a page, for the time and the environment that somebody looked at."""
    values = {**kept(request), **{name: str(value) for name, value in query.items()}}
    return redirect(f"{reverse(route, args=[request.project.slug, *args])}{traces_links.query_of(values)}")


urlpatterns: list[URLPattern] = [
    *dashboards_chart.urlpatterns,
    *dashboards_versions.urlpatterns,
    path("dashboards/", dashboards, name="dashboards"),
    path("dashboards/new/", require_POST(_create), name="dashboard-new"),
    path("dashboards/keep/", require_POST(_keep), name="chart-keep"),
    path("dashboards/<int:dashboard_id>/", dashboard, name="dashboard"),
    path("dashboards/<int:dashboard_id>/change/", require_POST(_change), name="dashboard-change"),
    path("dashboards/<int:dashboard_id>/charts/<int:chart_id>/", panel, name="dashboard-panel"),
    path("dashboards/<int:dashboard_id>/charts/<int:chart_id>/change/", require_POST(_change_chart), name="dashboard-chart-change"),
]  # fmt: skip
