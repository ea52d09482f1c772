"""The live tail of the trace list: what came in since the newest trace on the page, as rows to put above it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import trace_search
from monitoring.trace_search import TracePage, cursor_of, parse_cursor
from projects.roles import Action
from webapp import time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_cells, traces_links, traces_views
from webapp.pages.traces_filters import TraceFilterForm
from webapp.time_ranges import TimeRange

EVERY_SECONDS = 3
# As many as a pause may have let pile up; what is left comes with the next question.
MOST_AT_ONCE = 30


@requires(Action.READ_TRACES)
def newer_rows(request: ProjectRequest) -> HttpResponse:
    """Answer with the rows of matching traces that came after a place in the list, newest first."""
    form = TraceFilterForm(request.GET)
    form.is_valid()
    time_range = time_ranges.from_request(request, now=timezone.now())
    than = parse_cursor(request.GET.get("than", ""))
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    page = trace_search.page(project=request.project, wanted=wanted, newer_than=than, limit=MOST_AT_ONCE)
    looks = traces_views.of(request, traces_views.choice_of(request))
    context = {
        "rows": traces_cells.rows(request.project.pk, page.traces, looks.shown), "columns": looks.columns,
        "newest": _newest(page, request.GET.get("than", "")), "project": request.project,
        "can_edit": request.membership.can(Action.EDIT_PROMPTS),
    }  # fmt: skip
    return render(request, "traces/follow.html", context)


def context(request: ProjectRequest, page: TracePage, time_range: TimeRange) -> dict[str, Any]:
    """Return what the page needs to follow, or to offer it; only the top of a time range that goes on can be followed."""
    if page.newer or ".." in time_range.value or "newer" in request.GET or not page.traces:
        return {}
    if request.GET.get("follow") != "1":
        return {"start_following_url": traces_links.same_page(request, follow=1, older="", newer="")}
    query = {name: value for name, value in traces_links.without_page(request.GET).items() if name != "follow"}
    return {
        "follow_url": f"{reverse('explore-follow', args=[request.project.slug])}?{urlencode(query)}",
        "follow_every": EVERY_SECONDS, "newest": _newest(page, ""), "unfollow_url": traces_links.same_page(request, follow=""),
    }  # fmt: skip


def _newest(page: TracePage, otherwise: str) -> str:
    return str(cursor_of(page.traces[0])) if page.traces else otherwise


urlpatterns: list[URLPattern] = [path("explore/follow/", newer_rows, name="explore-follow")]
