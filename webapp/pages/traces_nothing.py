"""What may help where no trace matches: which filter hides the most, and looking further back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from monitoring import trace_search
from monitoring.trace_filters import TraceFilter
from monitoring.trace_search import MOST_NEW
from webapp import formats, time_ranges
from webapp.access import ProjectRequest
from webapp.pages import traces_filters, traces_links, traces_views

_WIDER = ("7d", "30d")


def context(request: ProjectRequest, wanted: TraceFilter) -> dict[str, Any]:
    """Return what the words about an empty list offer."""
    chips = {chip.part: chip for chip in traces_filters.chips(wanted)}
    found = trace_search.relaxations(project=request.project, wanted=wanted)
    return {
        "is_filtered": bool(chips), "clear_url": clear_url(request), "wanted": wanted,
        "relaxations": [
            {
                "chip": chips[item.part], "count": _at_most(item.count),
                "url": traces_links.list_url(request, **chips[item.part].without),
            }
            for item in found
        ],
        "wider": [(time_ranges.PRESETS[value][0], traces_links.list_url(request, range=value)) for value in _WIDER],
    }  # fmt: skip


def clear_url(request: ProjectRequest) -> str:
    """Return the address of the list without any filter, for the same time."""
    query = {"range": request.GET["range"]} if request.GET.get("range") else {"view": traces_views.NO_VIEW}
    return f"{reverse('explore', args=[request.project.slug])}?{urlencode(query)}"


def _at_most(count: int) -> str:
    return f"more than {MOST_NEW}" if count > MOST_NEW else formats.full_count(count)
