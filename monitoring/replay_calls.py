"""The calls of a prompt in a period, by topic and by whether something was wrong with them: how many, and some of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.analysis.flags import Flag
from monitoring.kinds import Arm, Status
from monitoring.models import Span

# What a text can do something about; that a call was slow or dear is no reason to look at it more closely.
WRONG = (
    Flag.REFUSED | Flag.UNSUPPORTED | Flag.TOXIC | Flag.LONG_WINDED | Flag.REPEATED | Flag.EMPTY | Flag.CUT_OFF
    | Flag.WRONG_LANGUAGE | Flag.BAD_FORMAT | Flag.LEAKED_DATA | Flag.FRUSTRATED | Flag.ASKED_AGAIN | Flag.CONTRADICTED
)  # fmt: skip

# One pass over the period by its index. Thumbs are given to traces, which begin before their calls.
_CALLS = """
    WITH disliked AS MATERIALIZED (
        SELECT trace_id FROM trace WHERE project_id = %(project)s AND thumbs_down > 0
           AND started_at >= %(since)s - interval '1 day' AND started_at < %(until)s
    ), call AS (
        SELECT a.trace_id, a.span_id, a.draw, coalesce(a.cluster_id, 0) AS topic,
               a.flags & %(wrong)s <> 0 OR d.trace_id IS NOT NULL AS was_wrong,
               CASE WHEN a.arm = %(candidate)s AND a.rollout_id = ANY(%(rollouts)s::uuid[]) THEN 'other text'
                    WHEN a.status = %(error)s THEN 'failed' WHEN a.text = '' THEN 'no text' ELSE 'usable' END AS fate
          FROM call_analysis a LEFT JOIN disliked d ON d.trace_id = a.trace_id
         WHERE a.project_id = %(project)s AND a.prompt_name = %(name)s AND a.call_at >= %(since)s AND a.call_at < %(until)s
           AND a.start_day BETWEEN (%(since)s AT TIME ZONE 'UTC')::date AND (%(until)s AT TIME ZONE 'UTC')::date
    )
"""
_COUNTS = _CALLS + "SELECT fate, topic, was_wrong, count(*) FROM call GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
_LOWEST = (
    _CALLS
    + """
    SELECT c.trace_id, c.span_id, c.draw, c.topic, c.was_wrong FROM call c
      JOIN unnest(%(topics)s::bigint[], %(wrongs)s::bool[], %(below)s::bigint[]) AS wanted(topic, was_wrong, below)
        ON wanted.topic = c.topic AND wanted.was_wrong = c.was_wrong
     WHERE c.fate = 'usable' AND c.draw < wanted.below ORDER BY c.draw, c.trace_id, c.span_id LIMIT %(most)s
"""
)


class Fate(StrEnum):
    """Whether a call can be asked again, or why not."""

    USABLE = "usable"
    FAILED = "failed"
    NO_TEXT = "no text"
    # A running rollout served it the text that is being tried out.
    OTHER_TEXT = "other text"


@dataclass(frozen=True, slots=True)
class Part:
    """Calls of one topic (0: of none) that were all right, or of which something was wrong, and their number."""

    fate: Fate
    topic: int
    was_wrong: bool
    calls: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls: those of a prompt in a period, without those that these rollouts served their new text."""

    project_id: int
    prompt_name: str
    since: datetime
    until: datetime
    rollout_ids: tuple[UUID, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        return {
            "project": self.project_id, "name": self.prompt_name, "since": self.since, "until": self.until,
            "rollouts": list(self.rollout_ids), "wrong": int(WRONG), "candidate": int(Arm.CANDIDATE),
            "error": int(Status.ERROR),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Low:
    """A call with a low lot."""

    trace_id: UUID
    span_id: int
    lot: int
    topic: int
    was_wrong: bool


def counts(scope: Scope) -> list[Part]:
    """Return how many calls of each kind there are."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, scope.values)
        return [Part(Fate(fate), topic, was_wrong, calls) for fate, topic, was_wrong, calls in cursor.fetchall()]


def lowest(scope: Scope, *, below: Sequence[tuple[int, bool, int]], most: int) -> list[Low]:
    """Return the calls with lots below a number, which is said for each topic and for right and wrong, the lowest first."""
    values = scope.values | {
        "topics": [topic for topic, _, _ in below], "wrongs": [was_wrong for _, was_wrong, _ in below],
        "below": [limit for _, _, limit in below], "most": most,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LOWEST, values)
        return [Low(*row) for row in cursor.fetchall()]


def spans_of(scope: Scope, steps: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Span]:
    """Return these calls of the scope as they are stored, without those that are gone."""
    rows = Span.objects.filter(
        project_id=scope.project_id, start_day__range=(scope.since.date(), scope.until.date()),
        trace_id__in={trace_id for trace_id, _ in steps}, span_id__in=[span_id for _, span_id in steps],
    ).defer("events", "metadata")  # fmt: skip
    found = {(span.trace_id, span.span_id): span for span in rows}
    return {step: found[step] for step in steps if step in found}
