"""Finds traces, newest first, page by page; a search that would look at too many rows stops and says how far it came."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Q

from monitoring.exploring.terms import Term
from monitoring.models import Trace, TraceQuerySet
from monitoring.trace_filters import TraceFilter
from projects.models import Project

PAGE_SIZE = 50
MOST_NEW = 100
FIRST_WINDOW, _SMALLEST_WINDOW, _LARGEST_WINDOW = 2_000, 500, 32_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The pages beside a place are a moment away, so it may not lie at the end of time.
_LATEST = 2**57

Direction = Literal["older", "newer"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: just after this trace when going on to older ones, just before it to newer ones."""

    at: datetime
    trace_id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.trace_id.hex}"


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces, newest first, and where the pages beside them begin.

    `searched_until` is set when the time was up before the page was full: older traces have not been looked at.
    """

    traces: list[Trace]
    older: Cursor | None
    newer: Cursor | None
    searched_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One part that could be dropped, and how many traces would then match (counted up to a limit)."""

    part: str | Term
    count: int


def cursor_of(trace: Trace) -> Cursor:
    return Cursor(trace.started_at, trace.trace_id)


def parse_cursor(text: str) -> Cursor | None:
    """Return the cursor that an address holds, or None when it is not one of ours."""
    micros, _, hex_id = text.partition("-")
    try:
        number, trace_id = int(micros), UUID(hex=hex_id)
    except ValueError:
        return None
    return Cursor(_EPOCH + number * _MICROSECOND, trace_id) if 0 <= number <= _LATEST else None


def page(
    *, project: Project, wanted: TraceFilter, older_than: Cursor | None = None, newer_than: Cursor | None = None,
    limit: int = PAGE_SIZE, seconds: float | None = None, first_window: int = FIRST_WINDOW,
) -> TracePage:  # fmt: skip
    """Return one page of matching traces, newest first."""
    direction: Direction = "newer" if newer_than and not older_than else "older"
    seconds = _seconds(wanted) if seconds is None else seconds
    start = newer_than if direction == "newer" else older_than
    found, stopped_at = _collect(project, wanted, start, direction, limit + 1, seconds, first_window)
    traces, has_more = found[:limit], len(found) > limit
    if direction == "newer":
        traces.reverse()
        return TracePage(
            traces, older=_last(traces) or _beside(newer_than, 1), newer=_first(traces) if has_more else stopped_at
        )
    newer = (_first(traces) or _beside(older_than, -1)) if older_than else None
    if stopped_at and not has_more:
        is_full = len(traces) == limit
        return TracePage(traces, older=stopped_at, newer=newer, searched_until=None if is_full else stopped_at.at)
    return TracePage(traces, older=_last(traces) if has_more else None, newer=newer)


def count_newer(*, project: Project, wanted: TraceFilter, than: Cursor | None) -> int:
    """Return how many matching traces came after a place in the list, counted up to MOST_NEW + 1."""
    since = than.at if than else wanted.start
    rows = wanted.rows(project).filter(wanted.rest, wanted.found(project, since=since, until=wanted.end))
    if than:
        rows = _beyond(rows, than, "newer")
    return rows.order_by()[: MOST_NEW + 1].count()


def relaxations(*, project: Project, wanted: TraceFilter, seconds: float = 0.5) -> list[Relaxation]:
    """Return the parts whose removal would bring traces back, the most helpful first."""
    parts = wanted.parts
    if len(parts) < 2:
        return []
    found = []
    for part in parts:
        less = wanted.without(part)
        traces, _ = _collect(project, less, None, "older", MOST_NEW + 1, seconds / len(parts), FIRST_WINDOW)
        if traces:
            found.append(Relaxation(part, len(traces)))
    return sorted(found, key=lambda item: -item.count)


def _collect(
    project: Project,
    wanted: TraceFilter,
    start: Cursor | None,
    direction: Direction,
    limit: int,
    seconds: float,
    first_window: int,
) -> tuple[list[Trace], Cursor | None]:
    """Return up to `limit` matching traces from a place on, and where the search stopped when time was up."""
    rows, rest = wanted.rows(project), wanted.rest
    ordered = rows.newest_first() if direction == "older" else rows.order_by("started_at", "trace_id")
    if not rest and not wanted.asks_calls:
        return list((_beyond(ordered, start, direction) if start else ordered)[:limit]), None
    found: list[Trace] = []
    place, size, until = start, first_window, time.monotonic() + seconds
    while True:
        began = time.monotonic()
        window, end = _window(ordered, place, direction, size)
        conditions = (rest, _found_between(project, wanted, place, end, direction))
        found += window.filter(*conditions)[: limit - len(found)]
        if len(found) >= limit or end is None:
            return found, None
        place, now = end, time.monotonic()
        size = _next_size(size, took=now - began, left=until - now)
        if not size:
            return found, end


def _next_size(size: int, *, took: float, left: float) -> int:
    """Return how many traces can be looked at in the time that is left, at the pace of the last ones; 0 for too few."""
    fitting = int(left / max(took / size, 1e-9))
    return min(fitting, size * 4, _LARGEST_WINDOW) if fitting >= min(size, _SMALLEST_WINDOW) else 0


def _seconds(wanted: TraceFilter) -> float:
    """Return how long a page may search; one in texts, or into every trace, would use up any time."""
    return 0.1 if wanted.asks_text or wanted.is_heavy else 0.15


def _found_between(
    project: Project, wanted: TraceFilter, start: Cursor | None, end: Cursor | None, direction: Direction
) -> Q:  # fmt: skip
    """Return the condition on what was found in the calls of one stretch: only the flagged calls of it are looked at."""
    later, earlier = (start, end) if direction == "older" else (end, start)
    return wanted.found(project, since=earlier.at if earlier else wanted.start, until=later.at if later else wanted.end)


def _window(
    ordered: TraceQuerySet, start: Cursor | None, direction: Direction, size: int
) -> tuple[TraceQuerySet, Cursor | None]:  # fmt: skip
    """Return the next rows of that many, and where they end; None when they are the last ones."""
    remaining = _beyond(ordered, start, direction) if start else ordered
    edge = remaining.values_list("started_at", "trace_id")[size : size + 1].first()
    end = Cursor(*edge) if edge else None
    return (_up_to(remaining, end, direction) if end else remaining), end


def _beyond(rows: TraceQuerySet, place: Cursor, direction: Direction) -> TraceQuerySet:
    if direction == "older":
        return rows.filter(started_at__lte=place.at).exclude(started_at=place.at, trace_id__gte=place.trace_id)
    return rows.filter(started_at__gte=place.at).exclude(started_at=place.at, trace_id__lte=place.trace_id)


def _up_to(rows: TraceQuerySet, place: Cursor, direction: Direction) -> TraceQuerySet:
    if direction == "older":
        return rows.filter(started_at__gte=place.at).exclude(started_at=place.at, trace_id__lt=place.trace_id)
    return rows.filter(started_at__lte=place.at).exclude(started_at=place.at, trace_id__gt=place.trace_id)


def _first(traces: list[Trace]) -> Cursor | None:
    return cursor_of(traces[0]) if traces else None


def _last(traces: list[Trace]) -> Cursor | None:
    return cursor_of(traces[-1]) if traces else None


def _beside(place: Cursor | None, microseconds: int) -> Cursor | None:
    """Return the place a moment away, so that the trace at it lies on the other side."""
    return Cursor(place.at + microseconds * _MICROSECOND, place.trace_id) if place else None
