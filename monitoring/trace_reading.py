"""One trace to look at: the skeleton of its steps at once, the texts of a step when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from monitoring.models import Score, Span, Trace
from monitoring.trace_trees import Branch, Step, arrange, self_time_ns, without_background
from projects.models import Project, User

# A trace may hold 100,000 spans; the tree of more than this is of no use to anybody and costs the page its speed.
MOST_STEPS = 20_000
MOST_SCORES = 200

_SKELETON = (
    "span_id", "parent_span_id", "start_ns", "duration_ns", "kind", "status", "marks", "ttft_ns", "input_tokens",
    "output_tokens", "name", "model",
)  # fmt: skip


class Skeleton(NamedTuple):
    """The steps of a trace in reading order, and how many requests made on the way were left out of them."""

    branches: list[Branch]
    left_out: int


def skeleton(trace: Trace, *, with_background: bool = False) -> Skeleton:
    """Return the earliest MOST_STEPS steps of a trace; requests made on the way only where something hangs below them."""
    rows = Span.objects.of_trace(trace).order_by("start_ns", "span_id").values_list(*_SKELETON)[:MOST_STEPS]
    steps = [Step(*row) for row in rows]
    shown = steps if with_background else without_background(steps)
    return Skeleton(arrange(shown), len(steps) - len(shown))


def span_of(trace: Trace, span_id: int) -> Span | None:
    """Return one step of a trace with its texts."""
    return Span.objects.of_trace(trace).filter(span_id=span_id).first()


def own_time_ns(trace: Trace, span: Span) -> int:
    """Return the time of a step during which none of its children ran."""
    children = (
        Span.objects.of_trace(trace).filter(parent_span_id=span.span_id).order_by("start_ns").values_list(*_SKELETON)
    )
    return self_time_ns(
        Step(span.span_id, None, span.start_ns, span.duration_ns), [Step(*row) for row in children[:MOST_STEPS]]
    )


def spans_after(trace: Trace, *, last: Span | None, limit: int) -> list[Span]:
    """Return whole spans in the order they began, from the one after `last` on."""
    spans = Span.objects.of_trace(trace).order_by("start_ns", "span_id")
    if last:
        spans = spans.filter(start_ns__gte=last.start_ns).exclude(start_ns=last.start_ns, span_id__lte=last.span_id)
    return list(spans[:limit])


@dataclass(frozen=True, slots=True)
class Opinion:
    """A score with the name of the team member who gave it."""

    score: Score
    author: str


def scores_of(*, project: Project, trace_id: UUID) -> QuerySet[Score]:
    """Return what was said about a trace and its steps, newest first."""
    return Score.objects.filter(project=project, trace_id=trace_id).order_by("-created_at", "-id")[:MOST_SCORES]


def opinions(*, project: Project, trace_id: UUID) -> list[Opinion]:
    """Return the scores of a trace with their authors' names."""
    return _with_authors(scores_of(project=project, trace_id=trace_id))


def latest_dislikes(
    *, project: Project, start: datetime, end: datetime, environment: str = "", limit: int = 6
) -> list[Opinion]:  # fmt: skip
    """Return the newest thumbs down of a time that came with words."""
    # Nothing is given after it is received; the index is on the latter.
    scores = Score.objects.filter(project=project, received_at__gte=start, created_at__gte=start, created_at__lt=end)
    scores = scores.filter(data_type="thumbs", value=0).exclude(comment="")
    if environment:
        scores = scores.filter(environment=environment)
    return _with_authors(scores.order_by("-created_at")[:limit])


def previews(*, project: Project, trace_ids: Iterable[UUID]) -> dict[UUID, Trace]:
    """Return the traces that are here, by id."""
    return {trace.trace_id: trace for trace in Trace.objects.for_project(project).filter(trace_id__in=list(trace_ids))}


def _with_authors(scores: Iterable[Score]) -> list[Opinion]:
    found = list(scores)
    people = User.objects.in_bulk({score.author_id for score in found if score.author_id})
    return [Opinion(score, str(people.get(score.author_id or 0, ""))) for score in found]


def beside_in_session(trace: Trace) -> tuple[Trace | None, Trace | None]:
    """Return the traces just before and just after this one in its session."""
    if not trace.session_id:
        return None, None
    others = Trace.objects.filter(project_id=trace.project_id, session_id=trace.session_id).exclude(
        trace_id=trace.trace_id
    )
    before = others.filter(started_at__lte=trace.started_at).order_by("-started_at", "-trace_id").first()
    after = others.filter(started_at__gt=trace.started_at).order_by("started_at", "trace_id").first()
    return before, after
