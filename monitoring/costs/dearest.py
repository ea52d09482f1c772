"""Which users, and which values of a note that applications send, cost most: added up over the newest requests of some days.

Users and notes are too many to be counted ahead, so a bounded number of requests is read, the newest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from monitoring.costs.days import Days
from monitoring.costs.reading import Narrowed
from projects.models import Project

MOST_LISTED = 20
# So many of the newest requests are read; with a note, their steps are looked into as well.
MOST_READ = 100_000
MOST_READ_NOTES = 20_000


@dataclass(frozen=True, slots=True)
class Share:
    """What the requests of one user, or with one value of a note, cost; an empty value stands for all that name none."""

    value: str
    request_count: int
    call_count: int
    unpriced_count: int
    cost_nano_usd: int

    @property
    def cost_usd(self) -> float | None:
        if self.call_count and not self.cost_nano_usd and self.unpriced_count >= self.call_count:
            return None
        return self.cost_nano_usd / 1e9

    @property
    def per_request_usd(self) -> float | None:
        return self.cost_nano_usd / 1e9 / self.request_count if self.request_count else None


@dataclass(frozen=True, slots=True)
class Found:
    """The dearest of them, and what all that was read added up to."""

    shares: list[Share]
    value_count: int
    request_count: int
    cost_nano_usd: int
    # Whether there were more requests than are read.
    is_cut: bool

    @property
    def cost_usd(self) -> float:
        return self.cost_nano_usd / 1e9


_NEWEST = """
    newest AS MATERIALIZED (
        SELECT trace_id, min_day, max_day, user_id, cost_nano_usd, call_count, unpriced_count FROM trace
         WHERE project_id = %(project)s AND started_at >= %(start)s AND started_at < %(end)s
           AND (call_count > 0 OR cost_nano_usd > 0){narrowed}
         ORDER BY started_at DESC LIMIT %(read)s
    )"""
# The first step that carries the note speaks for the whole request.
_NOTES = """,
    valued AS (
        SELECT coalesce(noted.value, '') AS value, newest.* FROM newest LEFT JOIN LATERAL (
            SELECT left(span.metadata::jsonb ->> %(key)s, 255) AS value FROM span
             WHERE span.project_id = %(project)s AND span.start_day BETWEEN newest.min_day AND newest.max_day
               AND span.trace_id = newest.trace_id AND span.metadata IS JSON OBJECT
               AND jsonb_exists(span.metadata::jsonb, %(key)s)
             ORDER BY span.start_ns LIMIT 1
        ) noted ON true
    )"""
_USERS = ", valued AS (SELECT user_id AS value, newest.* FROM newest)"
_SUMS = """
    SELECT value, count(*), sum(call_count)::bigint, sum(unpriced_count)::bigint, sum(cost_nano_usd)::bigint,
           count(*) OVER (), (sum(count(*)) OVER ())::bigint, (sum(sum(cost_nano_usd)) OVER ())::bigint
      FROM valued GROUP BY value ORDER BY sum(cost_nano_usd) DESC, count(*) DESC, value LIMIT %(listed)s
"""


def users(*, project: Project, days: Days, narrowed: Narrowed) -> Found:
    """Return the users whose requests cost most."""
    return _found(_USERS, project, days, narrowed, MOST_READ, {})


def features(*, project: Project, days: Days, narrowed: Narrowed, key: str) -> Found:
    """Return the values of a note, such as the name of a feature, whose requests cost most."""
    return _found(_NOTES, project, days, narrowed, MOST_READ_NOTES, {"key": key})


def _found(
    valued: str, project: Project, days: Days, narrowed: Narrowed, read: int, values: dict[str, Any]
) -> Found:  # fmt: skip
    wanted = {"environment": narrowed.environment, "prompt_name": narrowed.prompt, "model": narrowed.model}
    named = {column: value for column, value in wanted.items() if value}
    newest = _NEWEST.format(narrowed="".join(f" AND {column} = %({column})s" for column in named))
    asked = {
        "project": project.pk, "start": days.start, "end": days.now, "read": read, "listed": MOST_LISTED, **named, **values,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {newest}{valued}{_SUMS}", asked)
        rows = cursor.fetchall()
    count, requests, cost = rows[0][5:] if rows else (0, 0, 0)
    return Found([Share(*row[:5]) for row in rows], count, requests, cost, requests >= read)
