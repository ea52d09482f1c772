"""Recorded calls that a queue may draw from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evals import calls
from evals.calls import RecordedCall
from evals.reviews.models import ReviewItem, ReviewQueue
from monitoring import trace_reading
from monitoring.models import Trace, TraceQuerySet
from projects.models import Project

# A draw looks at so many calls at most, the newest ones; hashing them takes a fraction of a second.
POPULATION = 50_000
MOST_COUNTED = 1_000


def population(*, project: Project, days: int, only_disliked: bool) -> Sequence[UUID]:
    """Return the calls of the last days, or those of them that somebody disliked."""
    rows = _rows(project, days, only_disliked).newest_first()
    return list(rows.values_list("trace_id", flat=True)[:POPULATION])


def unseen_count(*, queue: ReviewQueue, days: int, only_disliked: bool) -> int:
    """Return how many calls of the last days are not in the queue yet, counted up to MOST_COUNTED."""
    seen = ReviewItem.objects.filter(queue=queue, trace_id=OuterRef("trace_id"))
    return _rows(queue.project, days, only_disliked).filter(~Exists(seen))[:MOST_COUNTED].count()


def disagreements(*, project: Project, days: int) -> Sequence[UUID]:
    """Return the calls whose thumb, of a user or of the team, says the opposite of an evaluator."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT person.trace_id FROM score person JOIN score machine USING (project_id, trace_id)
            WHERE project_id = %s AND person.source IN ('human', 'user') AND person.data_type = 'thumbs'
                AND machine.source = 'evaluator' AND machine.value BETWEEN 0 AND 1
                AND person.created_at >= %s AND (person.value >= 0.5) <> (machine.value >= 0.5)
            LIMIT %s
            """,
            [project.pk, timezone.now() - timedelta(days=days), POPULATION],
        )
        return [trace_id for (trace_id,) in cursor.fetchall()]


def step_of(trace: Trace, span_id: int) -> RecordedCall | None:
    """Return one step of a trace, when its texts were recorded."""
    span = trace_reading.span_of(trace, span_id)
    return calls.of_span(trace, span) if span else None


def _rows(project: Project, days: int, only_disliked: bool) -> TraceQuerySet:
    now = timezone.now()
    rows = Trace.objects.for_project(project).between(now - timedelta(days=days), now).filter(call_count__gt=0)
    return rows.filter(thumbs_down__gt=0) if only_disliked else rows
