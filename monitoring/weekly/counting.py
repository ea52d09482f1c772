"""Counts two weeks by unit: the person, else the conversation, else the single trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from monitoring.analysis.flags import Flag
from monitoring.weekly.comparing import Sums

REFUSED, UNSUPPORTED, FAILED, SLOW, COST, DISLIKED = "refused", "unsupported", "failed", "slow", "cost", "disliked"

# The calls of one unit count as so many at most, as many as they may be: one busy person is not the news of a week.
MOST_OF_ONE = 20
_UNIT = """user_id, CASE WHEN user_id = '' THEN session_id ELSE '' END,
           CASE WHEN user_id = '' AND session_id = '' THEN trace_id END"""
_OF_CALLS = {
    REFUSED: f"(flags & {int(Flag.REFUSED)} <> 0)",
    UNSUPPORTED: f"(flags & {int(Flag.UNSUPPORTED)} <> 0)",
    FAILED: f"(flags & {int(Flag.FAILED)} <> 0)",
    SLOW: "(duration_ns > %(slow)s)",
}
# Partitions are days of world time, and calls carry clocks of their own: a day more at both ends.
_CALLS = f"""
    SELECT call_at >= %(split)s AS is_now, {_UNIT}, count(*)::float8 AS size,
           {", ".join(f"count(*) FILTER (WHERE {where})::float8 AS {name}" for name, where in _OF_CALLS.items())},
           count(cost_nano_usd)::float8 AS priced, coalesce(sum(cost_nano_usd), 0)::float8 / 1e9 AS cost
      FROM call_analysis
     WHERE project_id = %(project)s AND start_day BETWEEN %(start)s::date - 1 AND %(end)s::date + 1
       AND call_at >= %(start)s AND call_at < %(end)s
     GROUP BY 1, 2, 3, 4
"""
_THUMBS = f"""
    SELECT started_at >= %(split)s AS is_now, {_UNIT}, count(*)::float8 AS size,
           count(*) FILTER (WHERE thumbs_down > 0)::float8 AS disliked
      FROM trace
     WHERE project_id = %(project)s AND started_at >= %(start)s AND started_at < %(end)s
       AND (thumbs_up > 0 OR thumbs_down > 0)
     GROUP BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The sums of one week by measure, and how many different people were named."""

    people: int
    sums: Mapping[str, Sums]


def count(
    *, project_id: int, start: datetime, split: datetime, end: datetime, slow_ms: float | None, whole_since: datetime
) -> tuple[Counted, Counted]:  # fmt: skip
    """Return the week from `split` to `end`, and the one from `start` to `split`; slow is what takes longer than `slow_ms`.

    Of a week that began before `whole_since` only the thumbs are counted: the rest of a week is no measure of it.
    """
    values = {
        "project": project_id, "start": start, "split": split, "end": end,
        "slow": 2**62 if slow_ms is None else int(slow_ms * 1e6),
    }  # fmt: skip
    calls = _read(_CALLS, [(name, "size") for name in _OF_CALLS] + [(COST, "priced")], values)
    calls = {is_now: week for is_now, week in calls.items() if (split if is_now else start) >= whole_since}
    thumbs = _read(_THUMBS, [(DISLIKED, "size")], values)
    now, before = (
        Counted(calls.get(is_now, _NOTHING).people, {**calls.get(is_now, _NOTHING).sums, **thumbs.get(is_now, _NOTHING).sums})
        for is_now in (True, False)
    )  # fmt: skip
    return now, before


def _read(units: str, measures: Sequence[tuple[str, str]], values: Mapping[str, Any]) -> dict[bool, Counted]:
    columns = ", ".join(_summed(name, size) for name, size in measures)
    query = f"SELECT is_now, count(DISTINCT user_id) FILTER (WHERE user_id <> ''), {columns} FROM ({units}) unit GROUP BY is_now"
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return {
            row[0]: Counted(row[1], {name: Sums(*row[2 + 6 * place : 8 + 6 * place]) for place, (name, _) in enumerate(measures)})
            for row in cursor.fetchall()
        }  # fmt: skip


def _summed(measure: str, size: str) -> str:
    """Return the SQL of the sums of one measure, each unit with as much weight as it may have."""
    weight = f"least({size}, {MOST_OF_ONE})"
    amount = f"({measure} * {weight} / nullif({size}, 0))"
    return (
        f"count(*) FILTER (WHERE {size} > 0), coalesce(sum({weight}), 0), coalesce(sum({amount}), 0), "
        f"coalesce(sum({weight} * {weight}), 0), coalesce(sum({amount} * {amount}), 0), coalesce(sum({amount} * {weight}), 0)"
    )


_NOTHING = Counted(0, {})
