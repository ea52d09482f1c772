"""«More like this»: calls in which users asked for much the same as in one call."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from monitoring.analysis import flagged
from monitoring.exploring import similar
from monitoring.exploring.similar import Alike, Similar
from monitoring.models import Trace, span_hex, span_number
from projects.roles import Action
from webapp import access, formats, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import findings_words, traces_links
from webapp.render import render_page

# As many ids as an address carries.
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One call like the other, with its trace; the words for what was found, each with the kind of its badge."""

    call: Alike
    trace: Trace
    found: list[tuple[str, str]]
    url: str


@requires(Action.READ_TRACES)
def like(request: ProjectRequest, hex_id: str) -> HttpResponse:
    """Show the calls of the time range that are most like a call of this trace."""
    trace = access.one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))
    time_range = time_ranges.from_request(request, now=timezone.now())
    call = similar.call_of(trace, _asked_span(request))
    found = similar.to(call, project=request.project, since=time_range.start, until=time_range.end) if call else None
    rows = _rows(request, found) if found else []
    context = {
        "page_title": "More like this", "trace": trace, "call": call, "found": found, "rows": rows,
        "trace_url": traces_links.trace_url(request.project, hex_id, span=span_hex(call.span_id) if call else ""),
        "list_url": _list_url(request, rows), "compared": formats.full_count(found.compared_count) if found else "",
    }  # fmt: skip
    return render_page(request, "traces/similar.html", context, section="explore", has_time_range=True)


def _asked_span(request: ProjectRequest) -> int | None:
    try:
        number = span_number(request.GET.get("span", ""))
    except (ValueError, OverflowError):
        return None
    return number if -(2**63) <= number < 2**63 and request.GET.get("span") else None


def _rows(request: ProjectRequest, found: Similar) -> list[Row]:
    traces = similar.traces(request.project, found.calls)
    flags = flagged.of_traces(project_id=request.project.pk, traces=list(traces.values()))
    return [
        Row(
            call, traces[call.trace_id], findings_words.badges(flags.get(call.trace_id, [])),
            traces_links.trace_url(request.project, call.trace_id.hex, span=span_hex(call.span_id)),
        )
        for call in found.calls if call.trace_id in traces
    ]  # fmt: skip


def _list_url(request: ProjectRequest, rows: list[Row]) -> str:
    """Return the address of the list of these traces, where they can be put into a dataset or a review."""
    if not rows:
        return ""
    among = ",".join(row.trace.hex_id for row in rows[:MOST_LISTED])
    return traces_links.explore_url(request, request.project, among=among)
