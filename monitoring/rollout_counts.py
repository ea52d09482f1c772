"""What the calls of a rollout add up to: for each step and arm, how many units there were and how many had which event.

A unit is whom the application assigned an arm to; its place in the rollout (the bucket) came with the call. Only what
keeps the comparison exact is counted: units whose arm was not decided at an earlier step, the calls that got the arm
they should have, and of each unit only its first calls at a step, so that heavy users weigh no more than others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.kinds import Arm, Kind, Status

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_BUCKETS = 2**48
_PPM = 1_000_000


class Event(StrEnum):
    """What may happen to a unit at a step."""

    DISLIKED = "disliked"
    ERROR = "error"
    SLOW = "slow"
    LATE_START = "late start"
    DEAR = "dear"


@dataclass(frozen=True, slots=True)
class Watch:
    """One event to count: of each unit's first calls only, and beyond which thresholds (by model; «» for any other).

    Thresholds are nanoseconds or billionths of a dollar; the candidate may exceed them by `allowance`. Each threshold is
    counted for itself.
    """

    event: Event
    first_calls: int
    thresholds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    allowance: float = 0.0
    # Not of the first calls at a step: a provider's cache is cold for a version that hardly anybody has.
    not_before: timedelta = timedelta()

    @property
    def parts(self) -> int:
        """How many counts this watch makes."""
        return max((len(values) for values in self.thresholds.values()), default=1)


@dataclass(frozen=True, slots=True)
class StepCounts:
    """One arm at one step."""

    units: int = 0
    calls: int = 0
    # Calls without a price, and without a time of the first word.
    unpriced_calls: int = 0
    unstreamed_calls: int = 0
    events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """The arms by step; `events` are in the order of the watches, part by part."""

    candidate: tuple[StepCounts, ...]
    control: tuple[StepCounts, ...]
    # Calls that carry the rollout but got another arm than their unit should have, or no unit at all.
    strayed_calls: int
    last_call_at: datetime | None


_CALLS = f"""
    SELECT unit_bucket, step, arm,
           unit_bucket IS NOT NULL AND arm = CASE WHEN unit_bucket < (%(limits)s::bigint[])[step]
               THEN {int(Arm.CANDIDATE)} ELSE {int(Arm.CONTROL)} END AS is_proper,
           unit_bucket >= coalesce((%(limits)s::bigint[])[step - 1], 0) AS is_new, status, duration_ns, ttft_ns,
           cost_nano_usd, model, trace_id, sort_at, start_ns, span_id
    FROM (SELECT *, width_bucket(sort_at, %(began)s::timestamptz[]) AS step FROM span
          WHERE project_id = %(project)s AND rollout_id = %(rollout)s AND kind = {int(Kind.LLM)}
            AND sort_at >= %(first)s AND sort_at < %(until)s AND start_day >= %(first_day)s) found
"""


# Applications hear of a new share within seconds; what they did until then belongs to the share before.
_HEARD_AFTER = timedelta(seconds=90)


def of(
    *, project_id: int, rollout_id: UUID, began: Sequence[datetime], shares_ppm: Sequence[int], watches: Sequence[Watch],
    until: datetime | None = None,
) -> Counts:  # fmt: skip
    """Return the counts of all steps that have begun; `began` and `shares_ppm` are those of the steps so far.

    `until` is when the rollout ended: later calls of old clients change nothing any more.
    """
    began = [began[0], *(moment + _HEARD_AFTER for moment in began[1:])]
    values: dict[str, Any] = {
        "project": project_id, "rollout": rollout_id, "began": list(began), "first": began[0],
        "first_day": (began[0] - timedelta(days=1)).date(), "until": until or _FOREVER, "limits": [limit(share) for share in shares_ppm],
    }  # fmt: skip
    columns = []
    for number, watch in enumerate(watches):
        values[f"first_calls_{number}"] = watch.first_calls
        values[f"not_before_{number}"] = watch.not_before
        values[f"allowance_{number}"] = 1 + watch.allowance
        values[f"thresholds_{number}"] = json.dumps({model: list(each) for model, each in watch.thresholds.items()})
        columns += [_happened(watch, number, part) for part in range(watch.parts)]
    names = [f"e{number}" for number in range(len(columns))]
    query = f"""
        WITH calls AS ({_CALLS}),
        counted AS (
            SELECT *, row_number() OVER (PARTITION BY unit_bucket, step ORDER BY start_ns, span_id) AS nth
            FROM calls WHERE is_proper AND is_new
        ),
        units AS (
            SELECT c.unit_bucket, c.step, c.arm, count(*) AS calls,
                   count(*) FILTER (WHERE c.cost_nano_usd IS NULL) AS unpriced, count(*) FILTER (WHERE c.ttft_ns IS NULL) AS unstreamed
                   {"".join(f", bool_or({column}) AS {name}" for name, column in zip(names, columns, strict=True))}
            FROM counted c LEFT JOIN trace t ON t.project_id = %(project)s AND t.trace_id = c.trace_id
            GROUP BY c.unit_bucket, c.step, c.arm
        )
        SELECT step, arm, count(*), sum(calls)::bigint, sum(unpriced)::bigint, sum(unstreamed)::bigint
               {"".join(f", count(*) FILTER (WHERE {name})" for name in names)}
        FROM units GROUP BY step, arm
    """
    around = f"SELECT count(*) FILTER (WHERE is_proper IS NOT TRUE), max(sort_at) FROM ({_CALLS}) calls"
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = {
            (step, arm): StepCounts(units, calls, unpriced, unstreamed, tuple(events))
            for step, arm, units, calls, unpriced, unstreamed, *events in cursor
        }
        cursor.execute(around, values)
        strayed, last = cursor.fetchone() or (0, None)
    none = StepCounts(events=(0,) * len(columns))
    steps = range(1, len(began) + 1)
    return Counts(
        candidate=tuple(found.get((step, Arm.CANDIDATE), none) for step in steps),
        control=tuple(found.get((step, Arm.CONTROL), none) for step in steps),
        strayed_calls=strayed, last_call_at=last,
    )  # fmt: skip


def limit(share_ppm: int) -> int:
    """Return the lowest bucket that is not served the candidate at this share."""
    return -(-share_ppm * _BUCKETS // _PPM)


def _happened(watch: Watch, number: int, part: int) -> str:
    """The SQL that tells whether a call is the event; all values are parameters."""
    first = f"c.nth <= %(first_calls_{number})s AND "
    if watch.not_before:
        first += f"c.sort_at >= (%(began)s::timestamptz[])[c.step] + %(not_before_{number})s AND "
    if watch.event == Event.DISLIKED:
        return f"{first} t.thumbs_down > 0"
    if watch.event == Event.ERROR:
        return f"{first} c.status = {int(Status.ERROR)}"
    column = {Event.SLOW: "c.duration_ns", Event.LATE_START: "c.ttft_ns", Event.DEAR: "c.cost_nano_usd"}[watch.event]
    by_model = f"coalesce(%(thresholds_{number})s::jsonb -> c.model, %(thresholds_{number})s::jsonb -> '')"
    allowance = f"CASE WHEN c.arm = {int(Arm.CANDIDATE)} THEN %(allowance_{number})s ELSE 1 END"
    return f"{first} {column} > ({by_model} ->> {part})::float8 * {allowance}"
