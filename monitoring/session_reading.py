"""One session to read: a stretch of its traces in the order they began, and what was asked and answered in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, F, Func, IntegerField, Max, Min, Q, Sum, TextField, Value, When

from monitoring.kinds import Kind
from monitoring.models import Span, Trace, TraceQuerySet
from monitoring.trace_search import Cursor, cursor_of
from projects.models import Project

PAGE_SIZE = 25
# How much is read before the trace that somebody came from.
BEFORE_IT = 3
# A call may hold megabytes, and a page of calls may not: of a longer text the beginning that is kept with the trace is shown.
MOST_BYTES = 256 * 1024
_TEXTS = ("input", "output")
# The sums of a session are taken over so many of its traces.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Traces that follow each other, and where those before and after them lie; none where the session begins or ends."""

    traces: list[Trace]
    earlier: Cursor | None
    later: Cursor | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a session adds up to."""

    traces: int
    calls: int
    failed: int
    cost_nano_usd: int
    unpriced: int
    first_at: datetime
    last_at: datetime
    is_cut: bool

    @property
    def cost_usd(self) -> float:
        return self.cost_nano_usd / 1e9


@dataclass(frozen=True, slots=True)
class Turn:
    """One trace of a session: what went into its last call and what came out; none where that is too long for a page."""

    trace: Trace
    input: str | None
    output: str | None
    is_long: bool


def latest(*, project: Project, session_id: str) -> Stretch:
    """Return the end of a session."""
    return before(project=project, session_id=session_id, place=None)


def before(*, project: Project, session_id: str, place: Cursor | None) -> Stretch:
    """Return what came just before a trace; without one, the end of the session."""
    rows = _of_session(project, session_id)
    if place:
        rows = rows.filter(started_at__lte=place.at).exclude(started_at=place.at, trace_id__gte=place.trace_id)
    found = list(rows.order_by("-started_at", "-trace_id")[: PAGE_SIZE + 1])
    traces = found[:PAGE_SIZE][::-1]
    return Stretch(traces, cursor_of(traces[0]) if len(found) > PAGE_SIZE else None, place)


def after(*, project: Project, session_id: str, place: Cursor) -> Stretch:
    """Return what came just after a trace."""
    rows = _of_session(project, session_id)
    rows = rows.filter(started_at__gte=place.at).exclude(started_at=place.at, trace_id__lte=place.trace_id)
    found = list(rows.order_by("started_at", "trace_id")[: PAGE_SIZE + 1])
    traces = found[:PAGE_SIZE]
    return Stretch(traces, place, cursor_of(traces[-1]) if len(found) > PAGE_SIZE else None)


def around(*, project: Project, session_id: str, trace_id: UUID) -> Stretch | None:
    """Return the stretch in which a trace stands near the top; none when it is not of the session."""
    rows = _of_session(project, session_id)
    trace = rows.filter(trace_id=trace_id).first()
    if trace is None:
        return None
    place = cursor_of(trace)
    older = rows.filter(started_at__lte=place.at).exclude(started_at=place.at, trace_id__gte=place.trace_id)
    found = list(older.order_by("-started_at", "-trace_id")[: BEFORE_IT + 1])
    lead = found[:BEFORE_IT][::-1]
    rest = after(project=project, session_id=session_id, place=place)
    traces = [*lead, trace, *rest.traces]
    return Stretch(traces, cursor_of(traces[0]) if len(found) > BEFORE_IT else None, rest.later)


def totals(*, project: Project, session_id: str) -> Totals | None:
    """Return what a session adds up to; none when nothing of it is here."""
    rows = _of_session(project, session_id).order_by("-started_at", "-trace_id")[: MOST_COUNTED + 1]
    found = Trace.objects.filter(project=project, trace_id__in=rows.values("trace_id")).aggregate(
        traces=Count("trace_id"), calls=Sum("call_count"), failed=Count("trace_id", filter=Q(error_count__gt=0)),
        cost_nano_usd=Sum("cost_nano_usd"), unpriced=Sum("unpriced_count"), first_at=Min("started_at"),
        last_at=Max("started_at"),
    )  # fmt: skip
    if not found["traces"]:
        return None
    return Totals(**found, is_cut=found["traces"] > MOST_COUNTED)


def turns(traces: Iterable[Trace]) -> list[Turn]:
    """Return the traces of a session with the last call of each."""
    found = list(traces)
    if not found:
        return []
    spans = Span.objects.filter(
        project_id=found[0].project_id, trace_id__in=[trace.trace_id for trace in found], kind=Kind.LLM,
        start_day__range=(min(trace.min_day for trace in found), max(trace.max_day for trace in found)),
    )  # fmt: skip
    # The length stands beside a text that is kept out of line: nothing is unpacked to learn it.
    sizes = {
        f"{column}_bytes": Func(F(column), function="octet_length", output_field=IntegerField()) for column in _TEXTS
    }
    short = {f"short_{column}": _short(column) for column in _TEXTS}
    latest_calls = spans.order_by("trace_id", "-start_ns").distinct("trace_id").annotate(**sizes, **short)
    calls = {row[0]: row[1:] for row in latest_calls.values_list("trace_id", *short, *sizes)}
    return [_turn(trace, calls.get(trace.trace_id)) for trace in found]


def _turn(trace: Trace, call: tuple[str | None, str | None, int | None, int | None] | None) -> Turn:
    if call is None:
        return Turn(trace, None, None, is_long=False)
    asked, answered, *sizes = call
    return Turn(trace, asked, answered, is_long=any(size is not None and size > MOST_BYTES for size in sizes))


def _short(column: str) -> Case:
    fits = When(Q(**{f"{column}_bytes__lte": MOST_BYTES}), then=F(column))
    return Case(fits, default=Value(None), output_field=TextField())


def _of_session(project: Project, session_id: str) -> TraceQuerySet:
    return Trace.objects.for_project(project).filter(session_id=session_id)
