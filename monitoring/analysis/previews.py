"""What another threshold would change, told from the probabilities that are stored with the calls of the last days.

A finding is stored when it was flagged or its probability reached LOWEST; what lies below is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring import usage
from monitoring.analysis import marks
from monitoring.models import span_hex
from projects.models import Project

LOWEST = 0.2
DAYS = 7
EXAMPLES = 5
# So many of the newest findings are read; a page may not take longer.
MOST_READ = 50_000
_FOUND = """
    WITH found AS (
        SELECT a.trace_id, a.span_id, a.call_at, a.text, a.flags & %(flag)s <> 0 AS is_flagged,
               (a.findings -> %(detector)s ->> 'probability')::double precision AS probability
          FROM call_analysis a
         WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.findings IS NOT NULL
           AND a.findings ? %(detector)s
         ORDER BY a.call_at DESC LIMIT %(limit)s
    ), open AS (
        SELECT * FROM found f WHERE NOT EXISTS (
            SELECT FROM flag_mark m WHERE m.project_id = %(project)s AND m.trace_id = f.trace_id AND m.span_id = f.span_id
               AND m.detector = %(detector)s)
    )
"""
_COUNTS = f"""{_FOUND}
    SELECT count(*) FILTER (WHERE is_flagged), count(*) FILTER (WHERE probability >= %(threshold)s),
           count(*) FILTER (WHERE probability >= %(threshold)s AND NOT is_flagged),
           count(*) FILTER (WHERE is_flagged AND probability < %(threshold)s),
           (SELECT count(*) FROM found), (SELECT min(call_at) FROM found)
      FROM open
"""
_EXAMPLES = f"""{_FOUND}
    SELECT trace_id, span_id, call_at, text, probability, probability >= %(threshold)s FROM open
     WHERE (probability >= %(threshold)s) <> is_flagged
     ORDER BY abs(probability - %(threshold)s) DESC, call_at DESC LIMIT %(examples)s
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A call that would be flagged and is not, or the other way round."""

    trace_id: UUID
    span_id: int
    at: datetime
    text: str
    probability: float
    would_be_flagged: bool

    @property
    def span_hex(self) -> str:
        return span_hex(self.span_id)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many calls are flagged, and would be; `since` is the oldest moment that was looked at."""

    threshold: float
    since: datetime
    call_count: int
    flagged_now: int
    flagged_then: int
    more: int
    fewer: int
    examples: list[Example]

    @property
    def is_unknown_below(self) -> bool:
        """Tell whether calls that would be flagged may have left nothing to count."""
        return self.threshold < LOWEST


def preview(*, project: Project, detector: str, threshold: float, now: datetime) -> Preview:
    """Return what the threshold would change on the calls of the last days; calls that people marked keep their marks."""
    since = now - timedelta(days=DAYS)
    oldest: datetime | None
    values: dict[str, Any] = {
        "project": project.pk, "detector": detector, "flag": int(marks.flag_of(detector)), "since": since,
        "threshold": threshold, "limit": MOST_READ, "examples": EXAMPLES,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        flagged_now, flagged_then, more, fewer, read, oldest = cursor.fetchone() or (0, 0, 0, 0, 0, None)
        cursor.execute(_EXAMPLES, values)
        examples = [Example(*row) for row in cursor.fetchall()]
    start = oldest if oldest and read >= MOST_READ else since
    counted = usage.totals(project=project, start=start, end=now)
    return Preview(threshold, start, counted.call_count, flagged_now, flagged_then, more, fewer, examples)
