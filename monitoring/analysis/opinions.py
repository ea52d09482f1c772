"""What a model says about the findings of a detector: about which calls it is asked, what it said, and how often it agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count

from monitoring.analysis import marks
from monitoring.analysis.models import WHOLE_PPM, DetectorJudge, SecondOpinion
from monitoring.analysis.running import ALL
from monitoring.models import Span
from monitoring.usage_rates import Rate
from projects.models import Project

# Calls that waited for longer are not asked about any more.
LATEST = timedelta(days=1)
# What was said longer ago says little about the detectors of today.
WINDOW = timedelta(days=30)
# Lots decide, so that the sample never depends on the time or the worker. Calls without a recorded text tell a model nothing.
_UNASKED = """
    SELECT a.start_day, a.trace_id, a.span_id, a.call_at, a.flags & %(flag)s <> 0, a.findings -> %(detector)s ->> 'version'
      FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.start_day >= %(since)s::date AND a.detectors_version <> ''
       AND a.draw < CASE WHEN a.flags & %(flag)s <> 0 THEN %(flagged)s::bigint ELSE %(unflagged)s::bigint END
       AND NOT EXISTS (
        SELECT FROM second_opinion o
         WHERE o.project_id = a.project_id AND o.trace_id = a.trace_id AND o.span_id = a.span_id AND o.detector = %(detector)s
     ) ORDER BY a.call_at, a.trace_id, a.span_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Unasked:
    """A call that the model is to be asked about."""

    span: Span
    was_flagged: bool
    detector_version: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model said about one call; None when the texts did not tell."""

    has_problem: bool | None
    why: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a model agreed with a detector, of the calls on which it could tell."""

    flagged: int = 0
    confirmed: int = 0
    unflagged: int = 0
    missed: int = 0
    is_simulated: bool = False

    @property
    def precision(self) -> Rate:
        """How many of the findings the model calls right."""
        return Rate(self.confirmed, self.flagged)

    @property
    def missed_rate(self) -> Rate:
        """In how many of the calls that were not flagged the model sees the problem all the same."""
        return Rate(self.missed, self.unflagged)

    @property
    def total(self) -> int:
        return self.flagged + self.unflagged


def unasked(judge: DetectorJudge, *, now: datetime, limit: int) -> list[Unasked]:
    """Return the next calls of the sample that nobody was asked about, oldest first."""
    values: dict[str, Any] = {
        "project": judge.project_id, "detector": judge.detector, "flag": int(marks.flag_of(judge.detector)),
        "since": max(judge.since_at, now - LATEST), "flagged": ALL * judge.flagged_ppm // WHOLE_PPM,
        "unflagged": ALL * judge.unflagged_ppm // WHOLE_PPM, "limit": limit,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_UNASKED, values)
        rows = cursor.fetchall()
    spans = _spans(judge.project_id, rows)
    return [
        Unasked(spans[row[1], row[2]], row[4], row[5] or "") for row in rows if (row[1], row[2]) in spans
    ]  # fmt: skip


def store(
    *, judge: DetectorJudge, call: Unasked, opinion: Opinion, is_simulated: bool = False, cost_nano_usd: int = 0
) -> bool:  # fmt: skip
    """Keep what was said; False when the call was deleted meanwhile, or somebody else was asked about it."""
    try:
        with transaction.atomic():
            SecondOpinion.objects.create(
                project_id=judge.project_id, detector=judge.detector, trace_id=call.span.trace_id, span_id=call.span.span_id,
                call_at=call.span.sort_at, was_flagged=call.was_flagged, detector_version=call.detector_version[:40],
                has_problem=opinion.has_problem, why=opinion.why, quote=opinion.quote, model=judge.model,
                is_simulated=is_simulated, cost_nano_usd=cost_nano_usd,
            )  # fmt: skip
    except IntegrityError:
        return False
    return True


def of_call(*, project: Project, trace_id: UUID, span_id: int) -> list[SecondOpinion]:
    """Return what models said about one call."""
    rows = SecondOpinion.objects.filter(project=project, trace_id=trace_id, span_id=span_id)
    return list(rows.order_by("detector"))


def agreement(*, project_id: int, now: datetime) -> dict[str, Agreement]:
    """Return how often a model agreed lately, by detector; what a simulated one said counts only where no other was asked."""
    rows = SecondOpinion.objects.filter(project_id=project_id, asked_at__gte=now - WINDOW, has_problem__isnull=False)
    found: dict[tuple[str, bool], dict[tuple[bool, bool], int]] = {}
    counted = rows.values_list("detector", "is_simulated", "was_flagged", "has_problem").annotate(Count("pk"))
    for detector, is_simulated, was_flagged, has_problem, count in counted:
        found.setdefault((detector, is_simulated), {})[was_flagged, has_problem] = count
    return {
        detector: _agreement(counts, is_simulated)
        for (detector, is_simulated), counts in found.items()
        if not is_simulated or (detector, False) not in found
    }


def _agreement(counts: Mapping[tuple[bool, bool], int], is_simulated: bool) -> Agreement:
    confirmed, missed = counts.get((True, True), 0), counts.get((False, True), 0)
    return Agreement(
        confirmed + counts.get((True, False), 0),
        confirmed,
        missed + counts.get((False, False), 0),
        missed,
        is_simulated,
    )


def _spans(project_id: int, rows: Sequence[tuple[Any, ...]]) -> dict[tuple[UUID, int], Span]:
    found = Span.objects.filter(
        project_id=project_id, start_day__in={row[0] for row in rows}, trace_id__in={row[1] for row in rows},
        span_id__in={row[2] for row in rows},
    )  # fmt: skip
    return {(span.trace_id, span.span_id): span for span in found}
