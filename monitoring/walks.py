"""Goes through all traces that pass a filter, newest first, a batch at a time, from any place on."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring import trace_search
from monitoring.models import Trace
from monitoring.trace_filters import TraceFilter
from monitoring.trace_search import parse_cursor
from projects.models import Project

BATCH = 500
# The place of a walk that came to its end.
END = "end"
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some traces of a walk, and the place to go on from; a stretch may be empty before the walk is over."""

    traces: list[Trace]
    place: str

    @property
    def is_last(self) -> bool:
        return self.place == END


def stretch(*, project: Project, wanted: TraceFilter, place: str, limit: int = BATCH) -> Stretch:
    """Return the next traces of a walk; an empty place begins it."""
    page = trace_search.page(
        project=project, wanted=wanted, older_than=parse_cursor(place) if place else None, limit=limit,
        seconds=_SECONDS, first_window=trace_search.FIRST_WINDOW * 4,
    )  # fmt: skip
    return Stretch(page.traces, str(page.older) if page.older else END)
