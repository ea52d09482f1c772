"""Keeps dashboards and the charts on them: makes, renames, orders, copies, deletes and brings back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from monitoring.dashboards import questions
from monitoring.dashboards.models import Dashboard, SavedChart
from monitoring.dashboards.questions import Question
from monitoring.errors import DashboardRefused
from monitoring.exploring import language
from projects import audit
from projects.models import Project, User

MOST_DASHBOARDS, MOST_CHARTS = 200, 24
_MOST_NAME, _MOST_TITLE = 80, 120
_ONE_CLICK = timedelta(seconds=10)


def create(*, project: Project, name: str, by: User) -> Dashboard:
    """Make an empty dashboard."""
    wanted = _named(name)
    if Dashboard.objects.for_project(project).kept().count() >= MOST_DASHBOARDS:
        raise DashboardRefused(f"There are {MOST_DASHBOARDS} dashboards already. Delete one that nobody needs first.")
    try:
        with transaction.atomic():
            dashboard = Dashboard.objects.create(project=project, name=wanted, created_by=by)
            audit.record(action="dashboard.created", subject=wanted, by=by, project=project)
    except IntegrityError:
        raise _is_taken(wanted) from None
    return dashboard


def made_just_now(*, project: Project, name: str, question: Question, by: User) -> Dashboard | None:
    """Return the dashboard that the first click of a double click made for a chart; None when somebody else has the name."""
    since = timezone.now() - _ONE_CLICK
    charts = SavedChart.objects.for_project(project).kept().filter(created_at__gte=since, **_columns(question))
    made = Dashboard.objects.for_project(project).kept().filter(created_by=by, created_at__gte=since, charts__in=charts)
    return made.filter(name=" ".join(name.replace("\x00", "").split())).first()


def rename(*, dashboard: Dashboard, name: str, by: User) -> None:
    """Give a dashboard another name."""
    wanted = _named(name)
    try:
        with transaction.atomic():
            Dashboard.objects.filter(pk=dashboard.pk).update(name=wanted)
            audit.record(
                action="dashboard.renamed", subject=dashboard.name, by=by, project=dashboard.project, name=wanted
            )
    except IntegrityError:
        raise _is_taken(wanted) from None


@transaction.atomic
def delete(*, dashboard: Dashboard, by: User) -> None:
    """Take a dashboard away; it can be brought back with its charts."""
    if Dashboard.objects.kept().filter(pk=dashboard.pk).update(deleted_at=timezone.now()):
        audit.record(action="dashboard.deleted", subject=dashboard.name, by=by, project=dashboard.project)


def bring_back(*, dashboard: Dashboard, by: User) -> None:
    """Undo a deletion."""
    try:
        with transaction.atomic():
            if Dashboard.objects.filter(pk=dashboard.pk).exclude(deleted_at=None).update(deleted_at=None):
                audit.record(action="dashboard.restored", subject=dashboard.name, by=by, project=dashboard.project)
    except IntegrityError:
        raise DashboardRefused(
            f"There is another dashboard «{dashboard.name}» by now. Rename that one first."
        ) from None


@transaction.atomic
def duplicate(*, dashboard: Dashboard, by: User) -> Dashboard:
    """Make a dashboard with the same charts, to be changed on its own."""
    copy = create(project=dashboard.project, name=_free_name(dashboard), by=by)
    for position, chart in enumerate(dashboard.charts.kept().in_order()):
        _copy(chart, dashboard=copy, title=chart.title, position=position, by=by)
    return copy


@transaction.atomic
def keep(*, dashboard: Dashboard, question: Question, title: str, by: User) -> SavedChart:
    """Put a chart at the end of a dashboard; without a title it is called by what it shows."""
    if question.missing:
        raise DashboardRefused(question.missing)
    wanted = _short(title, _MOST_TITLE, "The title of a chart") or question.title[:_MOST_TITLE]
    chart = SavedChart.objects.create(
        project=dashboard.project, dashboard=dashboard, title=wanted, position=_next_position(dashboard), created_by=by,
        **_columns(question),
    )  # fmt: skip
    _note("added", dashboard, by)
    return chart


@transaction.atomic
def replace_chart(*, chart: SavedChart, question: Question, title: str, by: User) -> None:
    """Let a chart show something else where it is."""
    if question.missing:
        raise DashboardRefused(question.missing)
    wanted = _short(title, _MOST_TITLE, "The title of a chart") or question.title[:_MOST_TITLE]
    SavedChart.objects.filter(pk=chart.pk).update(title=wanted, **_columns(question))
    _note("changed", chart.dashboard, by)


@transaction.atomic
def rename_chart(*, chart: SavedChart, title: str, by: User) -> None:
    """Give a chart another title."""
    wanted = _short(title, _MOST_TITLE, "The title of a chart")
    if not wanted:
        raise DashboardRefused("Give the chart a title.")
    SavedChart.objects.filter(pk=chart.pk).update(title=wanted)
    _note("renamed", chart.dashboard, by)


@transaction.atomic
def move_chart(*, chart: SavedChart, steps: int, by: User) -> None:
    """Put a chart so many places later, or earlier for a negative number; it stops at the ends."""
    Dashboard.objects.select_for_update().get(pk=chart.dashboard_id)
    order = list(SavedChart.objects.kept().filter(dashboard=chart.dashboard_id).in_order().values_list("pk", flat=True))
    if chart.pk not in order:
        return
    place = order.index(chart.pk)
    order.insert(max(0, min(len(order) - 1, place + steps)), order.pop(place))
    for position, pk in enumerate(order):
        SavedChart.objects.filter(pk=pk).update(position=position)
    _note("moved", chart.dashboard, by)


@transaction.atomic
def delete_chart(*, chart: SavedChart, by: User) -> None:
    """Take a chart off its dashboard; it can be brought back to where it was."""
    if SavedChart.objects.kept().filter(pk=chart.pk).update(deleted_at=timezone.now()):
        _note("removed", chart.dashboard, by)


@transaction.atomic
def bring_back_chart(*, chart: SavedChart, by: User) -> None:
    """Undo a removal."""
    _next_position(chart.dashboard)
    if SavedChart.objects.filter(pk=chart.pk).exclude(deleted_at=None).update(deleted_at=None):
        _note("restored", chart.dashboard, by)


@transaction.atomic
def duplicate_chart(*, chart: SavedChart, by: User) -> SavedChart:
    """Put a copy of a chart right after it."""
    copy = _copy(
        chart, dashboard=chart.dashboard, title=f"{chart.title[: _MOST_TITLE - 7]} (copy)",
        position=_next_position(chart.dashboard), by=by,
    )  # fmt: skip
    later = SavedChart.objects.kept().filter(dashboard=chart.dashboard_id, position__gt=chart.position).count() - 1
    move_chart(chart=copy, steps=-max(0, later), by=by)
    return copy


def _columns(question: Question) -> dict[str, Any]:
    values = questions.written(question)
    if len(values.get("q", "")) > language.MOST_CHARS:
        raise DashboardRefused("The filter of this chart is too long to be kept. Leave out a part of it.")
    texts = {name: values.get(name, "") for name in ("measure", "split", "score", "key")}
    return {**texts, "line": values.get("q", ""), "compares": question.compares}


def _copy(chart: SavedChart, *, dashboard: Dashboard, title: str, position: int, by: User) -> SavedChart:
    same = {name: getattr(chart, name) for name in ("measure", "line", "split", "score", "key", "compares")}
    return SavedChart.objects.create(
        project=dashboard.project, dashboard=dashboard, title=title, position=position, created_by=by, **same
    )


def _next_position(dashboard: Dashboard) -> int:
    """Return the place at the end; two people who add at once wait for each other."""
    Dashboard.objects.select_for_update().get(pk=dashboard.pk)
    charts = SavedChart.objects.kept().filter(dashboard=dashboard)
    if charts.count() >= MOST_CHARTS:
        raise DashboardRefused(f"A dashboard may have {MOST_CHARTS} charts. Remove one, or use another dashboard.")
    last = charts.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _note(what: str, dashboard: Dashboard, by: User) -> None:
    # Without the filter: it may name a user, and what is noted here is never deleted.
    audit.record(action=f"dashboard.chart_{what}", subject=dashboard.name, by=by, project=dashboard.project)


def _free_name(dashboard: Dashboard) -> str:
    taken = set(Dashboard.objects.for_project(dashboard.project).kept().values_list("name", flat=True))
    names = (
        f"{dashboard.name[: _MOST_NAME - 12]} (copy{f' {number}' if number > 1 else ''})" for number in range(1, 999)
    )
    return next(name for name in names if name not in taken)


def _named(name: str) -> str:
    wanted = _short(name, _MOST_NAME, "The name of a dashboard")
    if not wanted:
        raise DashboardRefused("Give the dashboard a name.")
    return wanted


def _short(text: str, most: int, what: str) -> str:
    wanted = " ".join(text.split())
    if len(wanted) > most or "\x00" in wanted:
        raise DashboardRefused(f"{what} may have {most} characters.")
    return wanted


def _is_taken(name: str) -> DashboardRefused:
    return DashboardRefused(f"There is a dashboard «{name}» already. Choose another name.")
