"""The weekly report of a project: the newest, any past week, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import OperationalError, transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring.weekly import mails, markdown, reports, words
from monitoring.weekly.comparing import Verdict
from monitoring.weekly.figures import Measured
from monitoring.weekly.reports import Report
from monitoring.weekly.weeks import Week
from projects.models import Project
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.render import render_page

SHOWN_WEEKS = 12
_VERDICTS = {
    Verdict.BETTER: ("Better", "good"), Verdict.WORSE: ("Worse", "bad"), Verdict.SAME: ("No clear change", ""),
    Verdict.UNKNOWN: ("Too few people", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One measure in the table behind the sentences."""

    name: str
    now: str
    before: str
    difference: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Link:
    """A week to go to."""

    label: str
    url: str
    is_current: bool = False


@requires(Action.READ_TRACES)
def newest(request: ProjectRequest) -> HttpResponseBase:
    """Lead to the report of the last week, or say when there will be one."""
    week = reports.newest(project=request.project, now=timezone.now())
    if week is None or request.project.first_accepted_at is None:
        return render_page(request, "reports/none.html", {"page_title": "Weekly report"}, section="overview")
    return redirect("weekly-report", request.project.slug, week.monday.isoformat())


@requires(Action.READ_TRACES)
def one_week(request: ProjectRequest, monday: str) -> HttpResponse:
    """Show a week that is over; what takes long to count is left to a worker."""
    week = _week(request, monday)
    try:
        with transaction.atomic():
            found = reports.report(project=request.project, week=week, now=timezone.now())
    except OperationalError:
        mails.ask(project_id=request.project.pk, week=week)
        waiting = {"page_title": "Weekly report", "dates": words.dates(week)}
        return render_page(request, "reports/counting.html", waiting, section="overview")
    slug = request.project.slug
    context = {
        "page_title": "Weekly report", "report": found, "dates": words.dates(found.week), "summary": words.summary(found),
        "sections": words.sections(found), "unchanged": words.unchanged(found.figures),
        "rows": [_row(one) for one in found.figures.measured], "weeks": _weeks(request.project, found.week, timezone.now()),
        "before": _link(request.project, found.week.before), "after": _link(request.project, found.week.after),
        "markdown_url": reverse("weekly-report-markdown", args=[slug, monday]),
        "kind": _kind(found),
    }  # fmt: skip
    return render_page(request, "reports/week.html", context, section="overview")


@requires(Action.READ_TRACES)
def as_markdown(request: ProjectRequest, monday: str) -> HttpResponse:
    """Answer with the report as a Markdown file."""
    found = reports.report(project=request.project, week=_week(request, monday), now=timezone.now())
    response = HttpResponse(markdown.document(found), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.project.slug}-{found.week.monday}.md"'
    response["Cache-Control"] = "no-store"
    return response


def _week(request: ProjectRequest, monday: str) -> Week:
    try:
        week = reports.week_of(project=request.project, monday=date.fromisoformat(monday), now=timezone.now())
    except (ValueError, OverflowError):
        raise Http404 from None
    if week is None:
        raise Http404
    return week


def _row(one: Measured) -> Row:
    label, kind = _VERDICTS[one.verdict]
    name = words.MEASURES[one.name]
    return Row(
        f"{name[:1].upper()}{name[1:]}", words.value(one.name, one.now), words.value(one.name, one.before),
        words.difference(one), label, kind,
    )  # fmt: skip


def _kind(report: Report) -> str:
    verdicts = {one.verdict for one in report.figures.measured}
    if Verdict.WORSE in verdicts:
        return "bad"
    return "good" if Verdict.BETTER in verdicts else ""


def _weeks(project: Project, shown: Week, now: datetime) -> list[Link]:
    newest_week = reports.newest(project=project, now=now) or shown
    mondays = [newest_week.monday - timedelta(days=7 * back) for back in range(SHOWN_WEEKS)]
    found = [reports.week_of(project=project, monday=monday, now=now) for monday in mondays]
    return [
        Link(words.dates(week), words.path(project, week), week.monday == shown.monday)
        for week in found
        if week is not None
    ]


def _link(project: Project, monday: date) -> Link | None:
    week = reports.week_of(project=project, monday=monday, now=timezone.now())
    return Link(words.dates(week), words.path(project, week)) if week else None


urlpatterns: list[URLPattern] = [
    path("reports/", newest, name="weekly-reports"),
    path("reports/<slug:monday>/", one_week, name="weekly-report"),
    path("reports/<slug:monday>/report.md", as_markdown, name="weekly-report-markdown"),
]
