"""What really happened: the list of traces, and the addresses of everything below it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, register_converter, reverse
from django.utils import timezone

from monitoring import trace_search
from monitoring.clusters import queries
from monitoring.trace_filters import TraceFilter
from monitoring.trace_search import MOST_NEW, TracePage, cursor_of, parse_cursor
from projects.roles import Action
from webapp import time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import (
    latency,
    traces_bulk,
    traces_cells,
    traces_comments,
    traces_comparison,
    traces_detail,
    traces_difference,
    traces_feedback,
    traces_filters,
    traces_following,
    traces_line,
    traces_links,
    traces_marks,
    traces_nothing,
    traces_searching,
    traces_sessions,
    traces_sharing,
    traces_similar,
    traces_views,
    traces_volume,
)
from webapp.pages.traces_filters import Chip, Choices, TraceFilterForm
from webapp.pages.traces_line import Line
from webapp.render import render_page
from webapp.time_ranges import TimeRange

NEW_EVERY_SECONDS = 10


@requires(Action.READ_TRACES)
def explore(request: ProjectRequest) -> HttpResponse:
    """Show one page of matching traces; filters that make no sense are named and left out (422)."""
    if "" in request.GET.values():
        return redirect(traces_links.without_empty(request))
    choice = traces_views.choice_of(request)
    if url := traces_views.default_url(request, choice):
        return redirect(url)
    now = timezone.now()
    time_range = time_ranges.from_request(request, now=now)
    form = TraceFilterForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    page, line, looks = _page(request, wanted), traces_line.of(wanted), traces_views.of(request, choice)
    context = {
        "page_title": "Explore", "tabs": traces_links.tabs(request, "explore"),
        "form": form, "wanted": wanted, "page": page, "form_errors": _form_errors(form),
        "rows": traces_cells.rows(request.project.pk, page.traces, looks.shown),
        "chips": _chips(request, wanted),
        **traces_views.context(request, looks, line), "line": line, "typed": traces_line.typed(wanted, line, form),
        "choices": _choices(request, line, now),
        **traces_volume.context(request, wanted, page),
        "pager_summary": _summary(page), "clear_url": traces_nothing.clear_url(request),
        **traces_searching.below(request, wanted, page, newer=page.newer, shown=len(page.traces)),
        **({} if page.traces or page.searched_until or page.newer else traces_nothing.context(request, wanted)),
        "new_url": _new_url(request, page, time_range), "new_every": NEW_EVERY_SECONDS,
        **traces_following.context(request, page, time_range),
        "difference_url": _of_all_matching(request, "explore-difference") if wanted.without("environment").parts else "",
        "to_dataset_url": _of_all_matching(request, "dataset-from-calls"),
        "no_problem_url": _of_all_matching(request, "explore-no-problem"),
        "further": [(label, _of_all_matching(request, route)) for route, label in traces_bulk.FURTHER],
        "to_review_url": _of_all_matching(request, "review-new", **{"from": "chosen"}),
    }  # fmt: skip
    return render_page(
        request, "traces/explore.html", context, section="explore", has_time_range=True, status=200 if is_valid else 422
    )


@requires(Action.READ_TRACES)
def new_traces(request: ProjectRequest) -> HttpResponse:
    """Answer with how many matching traces came since the list was drawn, and ask again later."""
    form = TraceFilterForm(request.GET)
    form.is_valid()
    time_range = time_ranges.from_request(request, now=timezone.now())
    than = parse_cursor(request.GET.get("than", ""))
    count = trace_search.count_newer(
        project=request.project, wanted=form.wanted(start=time_range.start, end=time_range.end), than=than
    )
    query = traces_links.without_page(request.GET)
    context = {
        "count": count, "count_text": f"more than {MOST_NEW}" if count > MOST_NEW else str(count),
        "src": request.get_full_path(), "every": NEW_EVERY_SECONDS,
        "url": f"{reverse('explore', args=[request.project.slug])}?{urlencode(query)}",
    }  # fmt: skip
    return render(request, "traces/new.html", context)


def _page(request: ProjectRequest, wanted: TraceFilter) -> TracePage:
    older, newer = (parse_cursor(request.GET.get(name, "")) for name in ("older", "newer"))
    return trace_search.page(project=request.project, wanted=wanted, older_than=older, newer_than=newer)


def _form_errors(form: TraceFilterForm) -> list[str]:
    return [f"{form.fields[name].label}: {problem}" for name, problems in form.errors.items() for problem in problems]


def _chips(request: ProjectRequest, wanted: TraceFilter) -> list[dict[str, str]]:
    return [
        {"label": chip.label, "value": _shown_value(request, chip), "remove_url": _drop(request, chip)}
        for chip in traces_filters.chips(wanted)
    ]  # fmt: skip


def _shown_value(request: ProjectRequest, chip: Chip) -> str:
    """Return the words of a chip; a group of questions is asked for by its number and shown by its name."""
    return queries.name_of(request.project, cluster_id=int(chip.value)) if chip.field == "group" else chip.value


def _drop(request: ProjectRequest, chip: Chip) -> str:
    return traces_links.list_url(request, **chip.without)


def _choices(request: ProjectRequest, line: Line, now: datetime) -> Choices:
    chosen = (line.values.get(name, "") for name in ("prompt", "model"))
    return traces_filters.choices(request.project, *chosen, now=now)


def _summary(page: TracePage) -> str:
    if not page.traces:
        return ""
    first, last = page.traces[0].started_at, page.traces[-1].started_at
    count = "1 trace" if len(page.traces) == 1 else f"{len(page.traces)} traces"
    return f"{count}, {_minute(last)} to {_minute(first)} UTC"


def _minute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %b %H:%M}"


def _new_url(request: ProjectRequest, page: TracePage, time_range: TimeRange) -> str:
    if page.newer or ".." in time_range.value or request.GET.get("newer"):
        return ""
    query = traces_links.without_page(request.GET)
    if page.traces:
        query["than"] = str(cursor_of(page.traces[0]))
    return f"{reverse('explore-new', args=[request.project.slug])}?{urlencode(query)}"


def _of_all_matching(request: ProjectRequest, route: str, **more: str) -> str:
    query = urlencode(traces_links.without_page(request.GET) | more)
    return f"{reverse(route, args=[request.project.slug])}?{query}"


class _Hex:
    """A part of an address that is a whole number of hexadecimal digits, as OpenTelemetry writes its ids."""

    def to_python(self, value: str) -> str:
        return value.lower()

    def to_url(self, value: str) -> str:
        return value


class TraceIdConverter(_Hex):
    regex = "[0-9a-fA-F]{32}"


class SpanIdConverter(_Hex):
    regex = "[0-9a-fA-F]{16}"


register_converter(TraceIdConverter, "trace_id")
register_converter(SpanIdConverter, "span_id")

urlpatterns: list[URLPattern] = [
    path("explore/", explore, name="explore"),
    path("explore/new/", new_traces, name="explore-new"),
    path("explore/volume/", traces_volume.volume, name="explore-volume"),
    path("explore/difference/", traces_difference.difference, name="explore-difference"),
    path("explore/complete/", traces_line.complete, name="explore-complete"),
    path("traces/<trace_id:hex_id>/", traces_detail.trace, name="trace"),
    path("traces/<trace_id:hex_id>/similar/", traces_similar.like, name="trace-similar"),
    path("traces/<trace_id:hex_id>/feedback/", traces_feedback.give, name="trace-feedback"),
    path("traces/<trace_id:hex_id>/comments/", traces_comments.add, name="trace-comment"),
    path("traces/<trace_id:hex_id>/comments/<int:comment_id>/edit/", traces_comments.edit, name="trace-comment-edit"),
    path(
        "traces/<trace_id:hex_id>/comments/<int:comment_id>/delete/",
        traces_comments.delete,
        name="trace-comment-delete",
    ),
    path("traces/<trace_id:hex_id>/links/", traces_sharing.link_list, name="trace-links"),
    path("traces/<trace_id:hex_id>/links/new/", traces_sharing.make, name="trace-link-new"),
    path("traces/links/<int:link_id>/revoke/", traces_sharing.revoke, name="trace-link-revoke"),
    path("traces/<trace_id:hex_id>/spans/<span_id:span_hex_id>/mark/", traces_marks.mark, name="mark-flag"),
    path(
        "traces/<trace_id:hex_id>/spans/<span_id:span_hex_id>/<slug:part>.txt", traces_detail.download, name="span-text"
    ),
    *latency.urlpatterns,
    *traces_views.urlpatterns,
    *traces_bulk.urlpatterns,
    *traces_comparison.urlpatterns,
    *traces_following.urlpatterns,
    *traces_searching.urlpatterns,
    path("sessions/", traces_sessions.session, name="session"),
]
