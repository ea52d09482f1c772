"""Counts the calls of issues from what was found in each call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from monitoring.issues import windows
from monitoring.issues.membership import Condition, Membership
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import SIGNALS, is_bad

# Who met it: the user, else the session, else whoever made the trace.
PERSON = "coalesce(nullif(a.user_id, ''), nullif(a.session_id, ''), a.trace_id::text)"
_BETWEEN = "a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s"
_TOTALS = """
    SELECT count(*), count(*) FILTER (WHERE {bad}), count(DISTINCT {person}) FILTER (WHERE {bad}),
           count(DISTINCT {person}), min(a.call_at) FILTER (WHERE {bad}), max(a.call_at) FILTER (WHERE {bad})
      FROM call_analysis a WHERE {between} AND ({traffic})
"""
_HOURS = """
    SELECT date_trunc('hour', a.call_at, 'UTC') AS at, count(*), count(*) FILTER (WHERE {bad})
      FROM call_analysis a WHERE {between} AND ({traffic}) GROUP BY 1 ORDER BY 1
"""
_REST = """
    SELECT count(*), count(*) FILTER (WHERE is_bad), count(*) FILTER (WHERE NOT is_known),
           count(*) FILTER (WHERE is_bad AND NOT is_known)
      FROM (
        SELECT coalesce({bad}, false) AS is_bad, coalesce({known}, false) AS is_known FROM call_analysis a
         WHERE {between} AND ({traffic})
      ) calls
"""
_SHARED = "SELECT count(*) FROM call_analysis a WHERE {between} AND {bad} AND coalesce({traffic}, false)"
# Of both kinds the latest: of very many calls these say the same, and a page does not wait for all of them.
_COMPARED = 2_000
_SIGNALS = """
    SELECT count(*) FILTER (WHERE is_bad), count(*) FILTER (WHERE NOT is_bad), {counted} FROM (
        (SELECT true AS is_bad, {told} FROM call_analysis a WHERE {days} AND {bad} ORDER BY a.call_at DESC LIMIT {compared})
        UNION ALL
        (SELECT false AS is_bad, {told} FROM call_analysis a
          WHERE {days} AND {traffic} AND NOT coalesce({bad}, false) ORDER BY a.call_at DESC LIMIT {compared})
    ) calls
"""
_VERSIONS = """
    SELECT a.prompt_name, a.prompt_version, min(a.call_at), count(*) FROM call_analysis a
     WHERE {between} AND ({traffic}) AND a.prompt_version > 0 GROUP BY 1, 2 ORDER BY 3
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Calls of an issue in a while: all that could have the problem, those that have it, and the people behind them."""

    calls: int = 0
    bad: int = 0
    people_hit: int = 0
    people: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def rate(self) -> float:
        return self.bad / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class VersionMark:
    """When calls with a version of a prompt were first seen among those of an issue."""

    prompt_name: str
    version: int
    at: datetime
    calls: int


def totals(*, project_id: int, of: Membership, since: datetime, until: datetime) -> Totals:
    """Return how many calls an issue has in a while."""
    rows = _rows(_TOTALS, project_id, since, until, traffic=of.traffic(), bad=of.bad())
    return Totals(*rows[0])


def hours(*, project_id: int, of: Membership, since: datetime, until: datetime) -> list[Hour]:
    """Return the calls of an issue by hour, oldest first."""
    return [
        Hour(*row) for row in _rows(_HOURS, project_id, since, until, traffic=of.traffic(), bad=of.bad())
    ]  # fmt: skip


def unexplained(
    *, project_id: int, of: Membership, known: Membership, since: datetime, until: datetime
) -> tuple[float, float]:  # fmt: skip
    """Return which share of the calls, and of the bad ones, is left when those that known issues have are taken away."""
    rows = _rows(_REST, project_id, since, until, traffic=of.traffic(), bad=of.bad(), known=_renamed(known.bad()))
    calls, bad, rest_calls, rest_bad = rows[0]
    return rest_calls / max(calls, 1), rest_bad / max(bad, 1)


def shared(*, project_id: int, bad: Membership, traffic: Membership, since: datetime, until: datetime) -> int:
    """Return how many bad calls of the one are among the calls that could have the problem of the other."""
    rows = _rows(_SHARED, project_id, since, until, bad=bad.bad(), traffic=traffic.traffic())
    return int(rows[0][0])


@dataclass(frozen=True, slots=True)
class SignalCounts:
    """How many bad and other calls of an issue were compared, and how many of each have which signal."""

    bad: int
    good: int
    by_signal: dict[str, tuple[int, int]]


def signals(*, project_id: int, of: Membership, since: datetime, until: datetime) -> SignalCounts:
    """Return what else is wrong with the latest bad calls of an issue, and with the latest others of its part of the traffic."""
    counted = ", ".join(
        f"count(*) FILTER (WHERE is_bad AND {name}), count(*) FILTER (WHERE NOT is_bad AND {name})" for name in SIGNALS
    )
    told = ", ".join(f"{is_bad(name)} AS {name}" for name in SIGNALS)
    statement = _SIGNALS.replace("{counted}", counted).replace("{told}", told).replace("{compared}", str(_COMPARED))
    row = _rows(statement, project_id, since, until, traffic=of.traffic(), bad=of.bad())[0]
    pairs = zip(row[2::2], row[3::2], strict=True)
    return SignalCounts(row[0], row[1], dict(zip(SIGNALS, pairs, strict=True)))


def versions(*, project_id: int, of: Membership, since: datetime, until: datetime) -> list[VersionMark]:
    """Return the prompt versions among the calls of an issue, by the moment of their first call."""
    return [VersionMark(*row) for row in _rows(_VERSIONS, project_id, since, until, traffic=of.traffic())]


def _renamed(condition: Condition) -> Condition:
    # Values of two memberships stand in one statement.
    values = {f"k_{name}": value for name, value in condition.values.items()}
    return Condition(condition.sql.replace("%(b", "%(k_b"), values)


def _rows(
    statement: str, project_id: int, since: datetime, until: datetime, **conditions: Condition
) -> Sequence[tuple[Any, ...]]:  # fmt: skip
    values: dict[str, Any] = {"project": project_id, "since": since, "until": until}
    for condition in conditions.values():
        values |= condition.values
    parts = {name: f"({condition.sql})" for name, condition in conditions.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(between=_BETWEEN, days=windows.BETWEEN, person=PERSON, **parts), values)
        return list(cursor.fetchall())
