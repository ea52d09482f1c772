"""Below the list of traces: the pages beside, and a search that goes on by itself where one page had no time to finish it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone

from monitoring import trace_search
from monitoring.trace_filters import TraceFilter
from monitoring.trace_search import PAGE_SIZE, Cursor, TracePage, parse_cursor
from projects.roles import Action
from webapp import time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_cells, traces_links, traces_nothing, traces_views
from webapp.pages.prompts_form import number_in
from webapp.pages.traces_filters import TraceFilterForm

# Nobody waits for it as for a page, but it holds a thread, and shows soon how far it came.
SECONDS = 0.5


def below(
    request: ProjectRequest, wanted: TraceFilter, page: TracePage, *, newer: Cursor | None, shown: int
) -> dict[str, Any]:  # fmt: skip
    """Return what stands below a list of `shown` traces that ends with this page."""
    context = {
        "older_url": traces_links.list_url(request, older=page.older) if page.older else "",
        "newer_url": traces_links.list_url(request, newer=newer) if newer else "",
    }
    until = page.searched_until
    if until is None:
        return context
    asked = {"older": str(page.older), "newer": str(newer or ""), "shown": str(shown)}
    return context | {
        "search_on_url": traces_links.with_query(
            request, "explore-search-on", traces_links.without_page(request.GET) | asked
        ),
        "searched_until": until, "searched_percent": _percent(wanted, until), "shown": shown,
    }  # fmt: skip


@requires(Action.READ_TRACES)
def search_on(request: ProjectRequest) -> HttpResponse:
    """Answer with the rows that were found further back, and what stands below the list now."""
    form = TraceFilterForm(request.GET)
    form.is_valid()
    time_range = time_ranges.from_request(request, now=timezone.now())
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    before = min(number_in(request.GET, "shown"), PAGE_SIZE - 1)
    older, newer = (parse_cursor(request.GET.get(name, "")) for name in ("older", "newer"))
    page = trace_search.page(
        project=request.project, wanted=wanted, older_than=older, limit=PAGE_SIZE - before, seconds=SECONDS
    )
    looks, shown = traces_views.of(request, traces_views.choice_of(request)), before + len(page.traces)
    context = {
        "rows": traces_cells.rows(request.project.pk, page.traces, looks.shown), "columns": looks.columns,
        "project": request.project, "can_edit": request.membership.can(Action.EDIT_PROMPTS),
        "pager_summary": _summary(shown, is_over=page.searched_until is None),
        **below(request, wanted, page, newer=newer, shown=shown),
    }  # fmt: skip
    if not shown and not newer and page.searched_until is None:
        context |= {"is_nothing": True, **traces_nothing.context(request, wanted)}
    return render(request, "traces/searched_on.html", context)


def _summary(shown: int, *, is_over: bool) -> str:
    if not shown:
        return "No older trace matches" if is_over else ""
    return "1 trace" if shown == 1 else f"{shown} traces"


def _percent(wanted: TraceFilter, until: datetime) -> int:
    """Return how much of the time range has been looked at."""
    whole = wanted.end - wanted.start
    return min(max(int(100 * (wanted.end - until) / whole), 0), 100) if whole else 100


urlpatterns: list[URLPattern] = [path("explore/search-on/", search_on, name="explore-search-on")]
