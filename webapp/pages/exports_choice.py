"""Which calls somebody chose in Explore, for what is done with all of them: read from the address, fixed in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.http import Http404
from django.utils import timezone

from monitoring.models import Trace
from monitoring.trace_filters import TraceFilter
from webapp import time_ranges
from webapp.access import ProjectRequest
from webapp.pages import traces_filters
from webapp.pages.traces_filters import TraceFilterForm
from webapp.pages.traces_links import same_page

MOST_CHOSEN = 100
BAD_FILTER = "A part of this filter makes no sense, and leaving it out would take more calls than you mean. Go back to Explore and mend it."


@dataclass(frozen=True, slots=True)
class CallChoice:
    """The calls in words and as a filter, and where a form about them is sent: the same calls, whatever arrives meanwhile."""

    wanted: TraceFilter
    chips: list[dict[str, str]]
    action: str
    problem: str = ""

    @property
    def words(self) -> str:
        return " · ".join(f"{chip['label']}: {chip['value']}" for chip in self.chips)


def chosen_calls(request: ProjectRequest) -> CallChoice:
    """Return the rows that were ticked, or everything that passes the filter of the address."""
    if request.GET.getlist("chosen"):
        return _ticked(request)
    time_range = time_ranges.from_request(request, now=timezone.now())
    form = TraceFilterForm(request.GET)
    problem = "" if form.is_valid() else BAD_FILTER
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    chips = [{"label": chip.label, "value": chip.value} for chip in traces_filters.chips(wanted)]
    chips.insert(0, {"label": "Time", "value": time_range.label})
    span = f"{time_range.start:%Y-%m-%dT%H:%M:%S}..{time_range.end:%Y-%m-%dT%H:%M:%S.%f}"
    return CallChoice(wanted, chips, same_page(request, range=span), problem)


def _ticked(request: ProjectRequest) -> CallChoice:
    ids = [_uuid(text) for text in request.GET.getlist("chosen")[:MOST_CHOSEN]]
    moments = sorted(
        Trace.objects.for_project(request.project).filter(trace_id__in=ids).values_list("started_at", flat=True)
    )
    if not moments:
        raise Http404
    wanted = TraceFilter(start=moments[0], end=moments[-1] + timedelta(microseconds=1), among=tuple(ids))
    noun = "trace" if len(moments) == 1 else "traces"
    return CallChoice(wanted, [{"label": "Chosen", "value": f"{len(moments)} {noun}"}], request.get_full_path())


def _uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise Http404 from None
