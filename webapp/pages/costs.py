"""What calls to models cost, and what for: the page about money of a project."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse

from monitoring.costs import reading
from monitoring.costs.reading import Line, Report
from projects.roles import Action
from webapp import charts, formats
from webapp.access import ProjectRequest, requires
from webapp.charts import Numbers
from webapp.pages import costs_dearest, costs_invoices, costs_outlook, costs_rows
from webapp.pages.costs_frame import days_of, frame, narrowed_of
from webapp.pages.costs_rows import Table
from webapp.pages.overview_panels import Change
from webapp.pages.traces_links import explore_url, same_page
from webapp.render import render_page

_DAY_HEADINGS = ("Day", "Cost", "Calls", "Price unknown", "Sent", "From the cache", "Answered", "Reasoning")


@requires(Action.READ_TRACES)
def costs(request: ProjectRequest) -> HttpResponse:
    """Show what the calls of some days cost, cut by what they were for."""
    days, narrowed = days_of(request), narrowed_of(request)
    report = reading.report(project=request.project, days=days, narrowed=narrowed)
    chart = costs_rows.chart(report)
    context = {
        **frame(request, tab="costs", days=days, narrowed=narrowed), "report": report, "tiles": _tiles(report),
        "tables": _tables(request, report),
        "parts": costs_rows.token_parts(report), "chart_svg": charts.svg(chart),
        "numbers": Numbers(_DAY_HEADINGS, costs_rows.day_rows(report)),
        "prices_url": reverse("settings-prices", args=[request.project.slug]),
        **costs_outlook.shown(request, days.now, narrowed),
    }  # fmt: skip
    return render_page(request, "costs/costs.html", context, section="costs")


def _tiles(report: Report) -> list[dict[str, Any]]:
    now, before = report.total, report.before
    spent, each = (
        costs_rows.money_change(now, before),
        costs_rows.number_change(now.per_thousand_usd, before.per_thousand_usd),
    )
    unpriced = now.unpriced_count / now.call_count if now.call_count else None
    return [
        {
            "label": "Spent", "value": formats.usd(now.cost_usd), "change": spent, "sparkline": costs_rows.line(report),
            "note": f"before: {formats.usd(before.cost_usd)}" if before.call_count else "",
        },
        {
            "label": "1,000 calls cost", "value": formats.usd(now.per_thousand_usd), "change": each,
            "note": f"{formats.count(now.call_count)} calls",
        },
        {
            "label": "Sent text from the cache", "value": formats.percent(now.cached_share), "note": "of the tokens sent",
            "change": _from(now.cached_share, before.cached_share),
        },
        {
            "label": "Price unknown", "value": formats.percent(unpriced),
            "note": f"{formats.full_count(now.unpriced_count)} of {formats.full_count(now.call_count)} calls",
        },
    ]  # fmt: skip


def _from(now: float | None, before: float | None) -> Change:
    if now is None or before is None:
        return Change()
    direction = "flat" if abs(now - before) < 0.0005 else "up" if now > before else "down"
    return Change(f"from {formats.percent(before)}", direction)


def _tables(request: ProjectRequest, report: Report) -> list[Table]:
    def narrowing(name: str) -> costs_rows.Link:
        return lambda line: same_page(request, **{name: line.value}) if line.value else ""

    def calls(line: Line) -> str:
        return explore_url(request, request.project, prompt=line.value, version=line.version) if line.value else ""

    return [
        costs_rows.table("prompts", "By prompt", "Prompt", report.prompts, report, _prompt, narrowing("prompt")),
        costs_rows.table("versions", "By prompt version", "Prompt version", report.versions, report, _version, calls),
        costs_rows.table("models", "By model", "Model", report.models, report, _model, narrowing("model")),
        costs_rows.table(
            "environments", "By environment", "Environment", report.environments, report, _environment, narrowing("environment"),
        ),
    ]  # fmt: skip


def _prompt(line: Line) -> str:
    return line.value or "No prompt"


def _version(line: Line) -> str:
    if not line.value:
        return "No prompt"
    return f"{line.value} v{line.version}" if line.version else f"{line.value}, version unknown"


def _model(line: Line) -> str:
    return line.value or "Unknown model"


def _environment(line: Line) -> str:
    return line.value or "No environment"


urlpatterns: list[URLPattern] = [
    path("costs/", costs, name="costs"),
    *costs_dearest.urlpatterns,
    *costs_invoices.urlpatterns,
]
