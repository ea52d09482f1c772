"""What the calls of a rollout add up to: for each step and arm, how many units there were and how many had which event.

A unit is whom the application assigned an arm to; its place in the rollout (the bucket) came with the call. Only what
keeps the comparison exact is counted: units whose arm was not decided at an earlier step, the calls that got the arm
they should have, of conversations that began at the step, and of each unit only its first calls, so that heavy users weigh no
more than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring import rollout_events
from monitoring.kinds import Arm, Kind
from monitoring.rollout_events import Event, Watch

__all__ = ["Counts", "Coverage", "Event", "Sender", "StepCounts", "Watch", "coverage", "limit", "of", "senders"]

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_BUCKETS = 2**48
_PPM = 1_000_000
# Applications hear of a new share within seconds; what they did until then belongs to the share before.
_HEARD_AFTER = timedelta(seconds=90)
# The analysis and the judges have come to a call when it is this old; how they do is told by the hour before.
_SETTLED, _LATELY = timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StepCounts:
    """One arm at one step. `all_calls` are those that applications logged, `calls` those of units that are compared."""

    units: int = 0
    calls: int = 0
    # Calls without a price, and without a time of the first word.
    unpriced_calls: int = 0
    unstreamed_calls: int = 0
    events: tuple[int, ...] = ()
    all_calls: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far detectors and judges have come with the calls of a step that are old enough; judged calls by name of the score."""

    calls: int
    analysed_calls: int
    judged_calls: dict[str, int]
    # All versions of the detectors that looked at calls of this step.
    detector_versions: tuple[str, ...]
    # Whether somebody changed since the step began what is flagged.
    has_other_settings: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The arms by step; `events` are in the order of the watches, part by part."""

    candidate: tuple[StepCounts, ...]
    control: tuple[StepCounts, ...]
    # Calls that carry the rollout but got another arm than their unit should have, or no unit at all.
    strayed_calls: int
    last_call_at: datetime | None
    # Calls of conversations that began before the step.
    earlier_calls: int = 0
    # Where detectors or judges are needed.
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """How many units of the candidate, and of both arms, an application logged calls of."""

    service: str
    candidates: int
    units: int


_CALLS = f"""
    SELECT unit_bucket, step, arm, start_day,
           unit_bucket IS NOT NULL AND arm = CASE WHEN unit_bucket < (%(limits)s::bigint[])[step]
               THEN {int(Arm.CANDIDATE)} ELSE {int(Arm.CONTROL)} END AS is_proper,
           unit_bucket >= coalesce((%(limits)s::bigint[])[step - 1], 0) AS is_new,
           session_id <> '' AND EXISTS (
               SELECT FROM trace earlier WHERE earlier.project_id = %(project)s AND earlier.session_id = found.session_id
                  AND earlier.session_id <> '' AND earlier.started_at < (%(began)s::timestamptz[])[step]
           ) AS is_earlier,
           status, duration_ns, ttft_ns, cost_nano_usd, model, service, trace_id, sort_at, start_ns, span_id
    FROM (SELECT *, width_bucket(sort_at, %(began)s::timestamptz[]) AS step FROM span
          WHERE project_id = %(project)s AND rollout_id = %(rollout)s AND kind = {int(Kind.LLM)}
            AND sort_at >= %(first)s AND sort_at < %(until)s AND start_day >= %(first_day)s) found
"""
_ANALYSIS = """
    LEFT JOIN call_analysis a ON a.project_id = %(project)s AND a.start_day = c.start_day AND a.trace_id = c.trace_id
         AND a.span_id = c.span_id
"""
_COUNTED = f"""
    WITH calls AS MATERIALIZED ({_CALLS}),
    counted AS (
        SELECT *, row_number() OVER (PARTITION BY unit_bucket, step ORDER BY start_ns, span_id) AS nth
        FROM calls WHERE is_proper AND is_new AND NOT is_earlier
    ),
    units AS (
        SELECT c.unit_bucket, c.step, c.arm, count(*) AS calls, count(*) FILTER (WHERE c.cost_nano_usd IS NULL) AS unpriced,
               count(*) FILTER (WHERE c.ttft_ns IS NULL) AS unstreamed, ARRAY[{{happened}}]::boolean[] AS had
        FROM counted c LEFT JOIN trace t ON t.project_id = %(project)s AND t.trace_id = c.trace_id {{analysis}}
        GROUP BY c.unit_bucket, c.step, c.arm
    )
    SELECT step, arm, count(*), sum(calls)::bigint, sum(unpriced)::bigint, sum(unstreamed)::bigint, ARRAY[{{sums}}]::bigint[]
    FROM units GROUP BY step, arm
    UNION ALL
    SELECT step, -arm - 1, count(*), count(*) FILTER (WHERE is_proper IS NOT TRUE AND NOT is_earlier),
           count(*) FILTER (WHERE is_new AND is_earlier), extract(epoch FROM max(sort_at))::bigint, ARRAY[]::bigint[]
    FROM calls GROUP BY step, arm
"""


def of(
    *, project_id: int, rollout_id: UUID, began: Sequence[datetime], shares_ppm: Sequence[int], watches: Sequence[Watch],
    until: datetime | None = None, since_step: int = 0,
) -> Counts:  # fmt: skip
    """Return the counts of the steps from `since_step` on; `began` and `shares_ppm` are those of all steps so far.

    `until` is when the rollout ended: later calls of old clients change nothing any more.
    """
    values = _values(project_id, rollout_id, began, shares_ppm, until, since_step)
    columns = []
    for number, watch in enumerate(watches):
        values[f"w{number}_first"] = watch.first_calls
        columns += [_column(watch, number, part, values) for part in range(watch.parts)]
    query = _COUNTED.format(
        happened=", ".join(f"bool_or({column})" for column in columns),
        sums=", ".join(f"count(*) FILTER (WHERE had[{number + 1}])" for number in range(len(columns))),
        analysis=_ANALYSIS if any(watch.needs_analysis or watch.event == Event.ISSUE for watch in watches) else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows = cursor.fetchall()
    return _counts(rows, steps=range(since_step + 1, len(began) + 1), columns=len(columns))


def coverage(
    *, project_id: int, rollout_id: UUID, began: Sequence[datetime], shares_ppm: Sequence[int], watches: Sequence[Watch], now: datetime
) -> Coverage:  # fmt: skip
    """Return how far detectors and judges have come with the calls of the present step."""
    values = _values(project_id, rollout_id, began, shares_ppm, None, len(began) - 1)
    values |= {"settled": now - _SETTLED, "lately": now - _SETTLED - _LATELY}
    names = list(dict.fromkeys(watch.subject for watch in watches if watch.event == Event.JUDGED_BAD))
    is_recent = "c.sort_at >= %(lately)s AND c.sort_at < %(settled)s"
    judged = "".join(
        f", count(*) FILTER (WHERE {is_recent} AND EXISTS (SELECT {rollout_events.scored(watch, prefix=f'j{number}_', values=values)}))"
        for number, watch in enumerate(Watch(Event.JUDGED_BAD, 1, subject=name) for name in names)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FILTER (WHERE {is_recent}),
                       count(*) FILTER (WHERE {is_recent} AND coalesce(a.detectors_version, '') <> ''),
                       array_agg(DISTINCT a.detectors_version) FILTER (WHERE a.detectors_version <> ''),
                       (SELECT count(*) FROM detector_setting WHERE project_id = %(project)s AND changed_at >= %(first)s) {judged}
                FROM ({_CALLS}) c {_ANALYSIS} WHERE c.is_proper""",
            values,
        )
        calls, analysed, versions, settings, *counts = cursor.fetchone() or (0, 0, None, 0)
    return Coverage(calls, analysed, dict(zip(names, counts, strict=True)), tuple(sorted(versions or ())), settings > 0)


def senders(
    *, project_id: int, rollout_id: UUID, began: Sequence[datetime], shares_ppm: Sequence[int]
) -> list[Sender]:  # fmt: skip
    """Return how the units of the present step split between the arms in each application, those with most units first."""
    values = _values(project_id, rollout_id, began, shares_ppm, None, len(began) - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT service, count(DISTINCT unit_bucket) FILTER (WHERE arm = {int(Arm.CANDIDATE)}), count(DISTINCT unit_bucket)
                FROM ({_CALLS}) c WHERE is_proper AND is_new AND NOT is_earlier GROUP BY service ORDER BY 3 DESC, 1 LIMIT 50""",
            values,
        )
        return [Sender(*row) for row in cursor.fetchall()]


def limit(share_ppm: int) -> int:
    """Return the lowest bucket that is not served the candidate at this share."""
    return -(-share_ppm * _BUCKETS // _PPM)


def _values(
    project_id: int, rollout_id: UUID, began: Sequence[datetime], shares_ppm: Sequence[int], until: datetime | None, since_step: int
) -> dict[str, Any]:  # fmt: skip
    heard = [began[0], *(moment + _HEARD_AFTER for moment in began[1:])]
    return {
        "project": project_id, "rollout": rollout_id, "began": heard, "first": heard[since_step],
        "first_day": (heard[since_step] - timedelta(days=1)).date(), "until": until or _FOREVER,
        "limits": [limit(share) for share in shares_ppm],
    }  # fmt: skip


def _column(watch: Watch, number: int, part: int, values: dict[str, Any]) -> str:
    """The SQL that tells whether one of the unit's first calls is the event."""
    prefix = f"w{number}_"
    first = f"c.nth <= %({prefix}first)s AND "
    if watch.not_before:
        values[f"{prefix}not_before"] = list(watch.not_before)
        first += f"c.sort_at >= (%(began)s::timestamptz[])[c.step] + (%({prefix}not_before)s::interval[])[c.step] AND "
    return f"{first}{rollout_events.happened(watch, prefix=prefix, part=part, values=values)}"


def _counts(rows: Sequence[tuple[Any, ...]], *, steps: range, columns: int) -> Counts:
    counted = {row[:2]: row[2:] for row in rows}
    around = {(step, -arm - 1): rest for (step, arm), rest in counted.items() if arm < 0}
    none = (0, 0, 0, 0, [0] * columns)

    def arm_at(step: int, arm: Arm) -> StepCounts:
        units, calls, unpriced, unstreamed, events = counted.get((step, int(arm)), none)
        return StepCounts(
            units, calls, unpriced, unstreamed, tuple(events), around.get((step, int(arm)), (0,))[0]
        )  # fmt: skip

    newest = max((rest[3] for rest in around.values()), default=None)
    return Counts(
        candidate=tuple(arm_at(step, Arm.CANDIDATE) for step in steps),
        control=tuple(arm_at(step, Arm.CONTROL) for step in steps),
        strayed_calls=sum(rest[1] for rest in around.values()),
        last_call_at=None if newest is None else datetime.fromtimestamp(newest, UTC),
        earlier_calls=sum(rest[2] for rest in around.values()),
    )
