"""Outcomes by what people saw before: the versions of a prompt, and the arms of its rollouts, counted in people.

A person is the unit that arms are assigned by: the user of the call, else its session, else its trace. Each person counts
once for a side, from their first call on it, for so many days: those who have not had these days yet are left for later, so
that a new version does not look worse only because it is new. An outcome belongs to the side that the person saw last
before it. All of it is worked out when it is asked for, so what comes late, calls or outcomes, still counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.kinds import Arm, Kind
from monitoring.outcomes import rates
from monitoring.outcomes.models import Outcome, OutcomeType
from monitoring.outcomes.rates import Estimate
from monitoring.trace_volume import at_most
from projects.models import Project

MOST_MILLISECONDS = 6_000
MOST_NAMED, MOST_LOOKED_UP = 100_000, 5_000
_UNIT = "coalesce(nullif({0}.user_id, ''), nullif({0}.session_id, ''), replace({0}.trace_id::text, '-', ''))"
# The version that a trace was made with is that of its last call.
_OF_VERSIONS = f"""
    SELECT {_UNIT.format("t")} AS unit, t.prompt_version AS side, t.started_at AS at FROM trace t
     WHERE t.project_id = %(project)s AND t.prompt_name = %(prompt)s AND t.prompt_name <> '' AND t.prompt_version > 0
       AND t.started_at >= %(since)s AND t.started_at < %(until)s AND (%(environment)s = '' OR t.environment = %(environment)s)
"""
_OF_ARMS = f"""
    SELECT {_UNIT.format("s")} AS unit, s.arm::integer AS side, s.sort_at AS at FROM span s
     WHERE s.project_id = %(project)s AND s.rollout_id = %(rollout)s AND s.kind = {int(Kind.LLM)} AND s.arm <> {int(Arm.NONE)}
       AND s.start_day BETWEEN %(since)s::date - 1 AND %(until)s::date + 1
       AND s.sort_at >= %(since)s AND s.sort_at < %(until)s AND (%(environment)s = '' OR s.environment = %(environment)s)
"""
_COUNTED = """
    WITH seen AS MATERIALIZED ({seen}),
    people AS (SELECT unit, side, min(at) AS first_at, count(*) OVER (PARTITION BY unit) > 1 AS is_mover FROM seen GROUP BY unit, side),
    happened AS (
        SELECT DISTINCT ON (o.id) o.unit_id AS unit, s.side, o.value, o.happened_at
          FROM outcome o JOIN seen s ON s.unit = o.unit_id AND s.at <= o.happened_at
         WHERE o.project_id = %(project)s AND o.name = %(name)s AND o.happened_at >= %(since)s
         ORDER BY o.id, s.at DESC
    ),
    had AS (
        SELECT p.side, p.unit, p.is_mover, p.first_at <= %(settled)s AS is_settled, count(h.value) AS outcomes, avg(h.value) AS average,
               bool_or(h.value <> 0) AS is_yes
          FROM people p LEFT JOIN happened h
            ON h.unit = p.unit AND h.side = p.side AND h.happened_at < p.first_at + %(follow)s
         GROUP BY p.side, p.unit, p.is_mover, p.first_at
    )
    SELECT side, count(*) FILTER (WHERE is_settled), count(*) FILTER (WHERE NOT is_settled), count(*) FILTER (WHERE is_mover),
           count(*) FILTER (WHERE is_settled AND outcomes > 0), count(*) FILTER (WHERE is_settled AND is_yes),
           coalesce(avg(average) FILTER (WHERE is_settled AND outcomes > 0), 0),
           coalesce(stddev_samp(average) FILTER (WHERE is_settled AND outcomes > 0), 0)
      FROM had GROUP BY side ORDER BY side
"""


@dataclass(frozen=True, slots=True)
class Named:
    """A name that outcomes came under: how many, of how many units, since when, and how long after it happened half of them came."""

    name: str
    data_type: str
    count: int
    unit_count: int
    last_at: datetime
    half_within: timedelta

    @property
    def is_number(self) -> bool:
        return self.data_type == OutcomeType.NUMBER


@dataclass(frozen=True, slots=True)
class Side:
    """What became of the people of one version or arm."""

    side: int
    # Those whose days are over, those who are still within them, and those who saw another side too.
    people: int
    waiting: int
    movers: int
    known: int
    yes: int
    mean: float
    deviation: float

    @property
    def known_share(self) -> Estimate | None:
        """The share of people with any outcome of the name."""
        return rates.share(count=self.known, total=self.people)

    @property
    def yes_share(self) -> Estimate | None:
        """The share of all people for whom it happened; who has no outcome counts as «it did not»."""
        return rates.share(count=self.yes, total=self.people)

    @property
    def average(self) -> Estimate | None:
        """The average over the people with an outcome, each with their own average."""
        return rates.average(count=self.known, mean=self.mean, deviation=self.deviation)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which outcome of whom: the first call lies between two moments, and each person is followed for `follow`."""

    project: Project
    name: str
    prompt: str
    since: datetime
    until: datetime
    follow: timedelta
    environment: str = ""


def names(*, project: Project, since: datetime, limit: int = 50) -> list[Named]:
    """Return the names of outcomes that happened since a moment, the most frequent first, of the newest MOST_NAMED of all."""
    statement = """
        SELECT name, (array_agg(data_type ORDER BY happened_at DESC))[1], count(*), count(DISTINCT unit_id), max(happened_at),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(received_at - happened_at, interval '0'))
          FROM (SELECT * FROM outcome WHERE project_id = %s AND received_at >= %s ORDER BY received_at DESC LIMIT %s) newest
         WHERE happened_at >= %s GROUP BY name ORDER BY 3 DESC, 1 LIMIT %s
    """
    with connection.cursor() as cursor:
        # Nothing is received before it happened, but for clocks that are a little off.
        cursor.execute(statement, [project.pk, since - timedelta(hours=1), MOST_NAMED, since, limit])
        return [Named(*row) for row in cursor.fetchall()]


def unmatched_count(*, project: Project, name: str, since: datetime) -> int:
    """Return how many of the newest MOST_LOOKED_UP outcomes of a name belong to units of which no call has come.

    Most often another id is sent than the one that calls carry.
    """
    statement = """
        SELECT count(*) FROM (
            SELECT unit_id FROM outcome WHERE project_id = %(project)s AND name = %(name)s AND happened_at >= %(since)s
             ORDER BY happened_at DESC LIMIT %(most)s) o
         WHERE NOT EXISTS (SELECT FROM trace t WHERE t.project_id = %(project)s AND t.user_id = o.unit_id AND t.user_id <> '')
           AND NOT EXISTS (SELECT FROM trace t WHERE t.project_id = %(project)s AND t.session_id = o.unit_id AND t.session_id <> '')
           AND NOT EXISTS (SELECT FROM trace t WHERE t.project_id = %(project)s AND t.trace_id =
               CASE WHEN o.unit_id ~ '^[0-9a-f]{32}$' THEN o.unit_id::uuid END)
    """
    with at_most(milliseconds=MOST_MILLISECONDS), connection.cursor() as cursor:
        cursor.execute(statement, {"project": project.pk, "name": name, "since": since, "most": MOST_LOOKED_UP})
        return int(cursor.fetchone()[0])


def by_version(asked: Asked, *, now: datetime) -> list[Side]:
    """Return what became of the people of each version of the prompt; raises TookTooLong."""
    return _counted(_OF_VERSIONS, asked, now, {"prompt": asked.prompt})


def by_arm(asked: Asked, *, rollout_id: UUID, now: datetime) -> list[Side]:
    """Return what became of the people of each arm of a rollout; raises TookTooLong."""
    return _counted(_OF_ARMS, asked, now, {"rollout": rollout_id})


def is_any(project: Project) -> bool:
    """Tell whether the project has ever sent an outcome."""
    return Outcome.objects.for_project(project).exists()


def _counted(seen: str, asked: Asked, now: datetime, more: dict[str, Any]) -> list[Side]:
    values = more | {
        "project": asked.project.pk, "name": asked.name, "since": asked.since, "until": asked.until, "follow": asked.follow,
        "settled": now - asked.follow, "environment": asked.environment,
    }  # fmt: skip
    with at_most(milliseconds=MOST_MILLISECONDS), connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(seen=seen), values)
        return [Side(*row) for row in cursor.fetchall()]
