"""How many matching traces began when: above the list at once where that is quick, and a moment after the list otherwise."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from monitoring import trace_volume
from monitoring.trace_filters import TraceFilter
from monitoring.trace_search import TracePage
from monitoring.trace_volume import TookTooLong
from projects.roles import Action
from webapp import charts, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.charts import Shape, TimeSeriesChart, Unit
from webapp.pages import traces_links
from webapp.pages.traces_filters import TraceFilterForm

# The list does not wait longer for its chart; the chart by itself may take longer.
WITH_LIST_MS, ALONE_MS = 60, 2_000


def context(request: ProjectRequest, wanted: TraceFilter, page: TracePage) -> dict[str, Any]:
    """Return the chart above the list, or where to ask for it once the list is there."""
    if wanted.whole_id or (not page.traces and not page.newer and not page.searched_until):
        return {}
    if not (wanted.asks_text or wanted.is_heavy):
        try:
            return _drawn(request, wanted, WITH_LIST_MS)
        except TookTooLong:
            pass
    query = traces_links.without_page(request.GET)
    return {"volume_url": f"{reverse('explore-volume', args=[request.project.slug])}?{urlencode(query)}"}


@requires(Action.READ_TRACES)
def volume(request: ProjectRequest) -> HttpResponse:
    """Answer with the chart of a list that did not wait for it."""
    form = TraceFilterForm(request.GET)
    form.is_valid()
    time_range = time_ranges.from_request(request, now=timezone.now())
    try:
        found = {"is_late": True, **_drawn(request, form.wanted(start=time_range.start, end=time_range.end), ALONE_MS)}
    except TookTooLong:
        found = {"volume_too_long": True}
    return render(request, "traces/volume.html", found)


def _drawn(request: ProjectRequest, wanted: TraceFilter, milliseconds: int) -> dict[str, Any]:
    counts = trace_volume.volume(project=request.project, wanted=wanted, milliseconds=milliseconds)
    chart = TimeSeriesChart(
        title="Traces over time",
        unit=Unit.COUNT,
        series=["Traces"],
        shape=Shape.BARS,
        points=[(at, (count,)) for at, count in counts],
    )
    return {
        "volume_svg": charts.svg(chart),
        "volume_numbers": charts.numbers(chart),
        "volume_total": sum(count for _, count in counts),
    }
