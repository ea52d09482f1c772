"""Two versions of a prompt over the same time: what calls, thumbs and scores of each add up to, person by person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper

from monitoring import trace_volume, usage, usage_periods
from monitoring.analysis.flags import SHOWN, Flag
from monitoring.dashboards.version_differences import FEWEST_UNITS, Difference, Side, difference, difference_of_shares
from monitoring.kinds import Kind, Status
from monitoring.usage import Usage
from projects.models import Project

MOST_READ, MILLISECONDS, MOST_SCORES = 200_000, 2_000, 8
FAILED, FOUND, REFUSED, TIME, FIRST_WORDS, COST, TOKENS, DISLIKED, RESPONSES = (
    "failed", "found", "refused", "time", "first_words", "cost", "tokens", "disliked", "responses",
)  # fmt: skip
_SHARES = (FAILED, FOUND, REFUSED)
# A person is who the application names, else the conversation, else the request.
_UNIT = "coalesce(nullif(c.user_id, ''), nullif(c.session_id, ''), c.trace_id::text)"
_WANTED = (
    "c.project_id = %s AND c.prompt_name = %s AND c.prompt_version = ANY(%s) AND c.call_at >= %s AND c.call_at < %s"
)
_OF_ENVIRONMENT = " AND (%s = '' OR c.environment = %s)"
# The hours in which both versions were called: what is different between day and night is no difference of the versions.
_HOURS = f"""
    SELECT at FROM usage_hour WHERE project_id = %s AND prompt_name = %s AND prompt_version = ANY(%s) AND at >= %s AND at < %s
       AND kind = {int(Kind.LLM)} AND (%s = '' OR environment = %s)
     GROUP BY at HAVING count(DISTINCT prompt_version) FILTER (WHERE span_count > 0) = 2
"""
_CALLS = f"""
    SELECT unit, prompt_version, count(*), count(*) FILTER (WHERE status = {int(Status.ERROR)}),
           count(*) FILTER (WHERE flags & {int(SHOWN)} <> 0), count(*) FILTER (WHERE flags & {int(Flag.REFUSED)} <> 0),
           sum(ln(greatest(duration_ns, 1)::float8)), count(ttft_ns), sum(ln(greatest(ttft_ns, 1)::float8)),
           count(cost_nano_usd), sum(cost_nano_usd)::float8 / 1e9, count(output_tokens), sum(output_tokens)::float8
      FROM (SELECT {_UNIT} AS unit, c.* FROM call_analysis c WHERE {_WANTED}{_OF_ENVIRONMENT}
               AND (NOT %s OR date_trunc('hour', c.call_at, 'UTC') IN ({_HOURS}))
             ORDER BY c.call_at DESC LIMIT %s) newest
     GROUP BY unit, prompt_version
"""
_SCORES = f"""
    SELECT name, data_type = 'thumbs', unit, prompt_version, count(*), sum(value)
      FROM (SELECT coalesce(nullif(t.user_id, ''), nullif(t.session_id, ''), t.trace_id::text) AS unit, c.*
              FROM score c JOIN trace t ON t.project_id = c.project_id AND t.trace_id = c.trace_id
             WHERE {_WANTED} AND c.received_at >= %s AND c.value IS NOT NULL{_OF_ENVIRONMENT}
               AND (NOT %s OR date_trunc('hour', c.call_at, 'UTC') IN ({_HOURS}))
             ORDER BY c.received_at DESC LIMIT %s) newest
     GROUP BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of a prompt: the numbers of each by name, and of scores by theirs; times are of logarithms of nanoseconds.

    `is_same_time` tells whether only hours count in which both were called, by enough people to say anything;
    `is_cut` that there were more calls than are read.
    """

    differences: dict[str, Difference]
    scores: dict[str, Difference]
    is_same_time: bool
    is_cut: bool
    calls: tuple[int, int]
    units: tuple[int, int]


def versions_of(*, project: Project, prompt_name: str, start: datetime, end: datetime) -> list[Usage]:
    """Return the versions of a prompt that were called in a time, the newest first."""
    rows = usage.by_prompt_version(project=project, start=start, end=end, prompt_name=prompt_name)
    return sorted((row for row in rows if row.prompt_version and row.call_count), key=lambda row: -row.prompt_version)


def compare(
    *,
    project: Project,
    prompt_name: str,
    first: int,
    second: int,
    start: datetime,
    end: datetime,
    environment: str = "",
) -> Comparison:
    """Return how the second version differs from the first; TookTooLong when there is too much to read."""
    asked = _Asked(project, prompt_name, (first, second), usage_periods.fit(start, end).start, end, environment)
    with trace_volume.at_most(MILLISECONDS), connection.cursor() as cursor:
        cursor.execute(_HOURS, asked.hours)
        if cursor.fetchall():
            found = _read(cursor, asked, is_same_time=True)
            # The hour in which one took the place of the other is common to both, and too short to say anything.
            if min(found.units) >= FEWEST_UNITS:
                return found
        return _read(cursor, asked, is_same_time=False)


def _read(cursor: CursorWrapper, asked: _Asked, *, is_same_time: bool) -> Comparison:
    cursor.execute(_CALLS, [*asked.calls, is_same_time, *asked.hours, MOST_READ])
    calls = cursor.fetchall()
    cursor.execute(_SCORES, [*asked.wanted, asked.start, *asked.of_environment, is_same_time, *asked.hours, MOST_READ])
    said = cursor.fetchall()
    units = {unit: place for place, unit in enumerate(sorted({row[0] for row in calls} | {row[2] for row in said}))}
    sides = _Sides(units, asked.numbers)
    counts = sides.of((row[0], row[1], row[2], row[2]) for row in calls)
    return Comparison(
        _of_calls(sides, calls) | _of_thumbs(sides, calls, said), _of_scores(sides, said), is_same_time,
        sum(row[2] for row in calls) >= MOST_READ, (counts.first.count, counts.second.count), (counts.first.units, counts.second.units),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    project: Project
    prompt_name: str
    numbers: tuple[int, int]
    start: datetime
    end: datetime
    environment: str

    @property
    def wanted(self) -> list[Any]:
        return [self.project.pk, self.prompt_name, list(self.numbers), self.start, self.end]

    @property
    def of_environment(self) -> list[Any]:
        return [self.environment, self.environment]

    @property
    def calls(self) -> list[Any]:
        return [*self.wanted, *self.of_environment]

    @property
    def hours(self) -> list[Any]:
        first = usage_periods.snap(self.start, step=usage_periods.LONGEST_IN_MINUTES / 6)
        return [self.project.pk, self.prompt_name, list(self.numbers), first, self.end, *self.of_environment]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Puts rows of (person, version, out of how many, amount) where each person has their place."""

    units: dict[str, int]
    numbers: tuple[int, int]

    def of(self, rows: Iterable[tuple[str, int, float, float]], *, are_shares: bool = False) -> Difference:
        sums = np.zeros((2, 2, len(self.units)))
        for unit, number, count, amount in rows:
            sums[self.numbers.index(number), :, self.units[unit]] += (count, amount or 0.0)
        first, second = (Side(amounts, counts) for counts, amounts in sums)
        return difference_of_shares(first, second) if are_shares else difference(first, second)


def _of_calls(sides: _Sides, calls: Sequence[tuple[Any, ...]]) -> dict[str, Difference]:
    # Where in a row stands out of how many, and how much.
    places = {
        FAILED: (2, 3), FOUND: (2, 4), REFUSED: (2, 5), TIME: (2, 6), FIRST_WORDS: (7, 8), COST: (9, 10), TOKENS: (11, 12),
    }  # fmt: skip
    return {
        name: sides.of(((row[0], row[1], row[count], row[amount]) for row in calls), are_shares=name in _SHARES)
        for name, (count, amount) in places.items()
    }


def _of_thumbs(
    sides: _Sides, calls: Sequence[tuple[Any, ...]], said: Sequence[tuple[Any, ...]]
) -> dict[str, Difference]:
    thumbs = [row[2:] for row in said if row[1]]
    given = [(unit, number, 0, count) for unit, number, count, _ in thumbs]
    return {
        DISLIKED: sides.of(((unit, number, count, count - up) for unit, number, count, up in thumbs), are_shares=True),
        RESPONSES: sides.of([*((row[0], row[1], row[2], 0) for row in calls), *given], are_shares=True),
    }


def _of_scores(sides: _Sides, said: Sequence[tuple[Any, ...]]) -> dict[str, Difference]:
    counts: dict[str, int] = {}
    for name, is_thumb, _, _, count, _ in said:
        if not is_thumb:
            counts[name] = counts.get(name, 0) + count
    names = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_SCORES]
    return {name: sides.of(row[2:] for row in said if row[0] == name and not row[1]) for name in names}
