"""What is usual for a prompt before a rollout of it: rates of events, thresholds, and how many units there are a day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.kinds import Kind, Status
from monitoring.rollout_counts import Event
from projects.models import Project

FEWEST_CALLS = 500
# Below this nothing is known about what is slow or dear.
FEWEST_FOR_THRESHOLDS = 100
_PERIODS = (timedelta(days=14), timedelta(days=28))
_MOST_TRACES = 20_000
_PERCENTILES = {Event.SLOW: (0.95,), Event.LATE_START: (0.95,), Event.DEAR: (0.9, 0.95, 0.99)}
# A unit should have an event in about a third of its first calls: then heavy users say no more than others.
_EVENTS_IN_FIRST_CALLS = 0.3
_PRIOR_EVENTS, _PRIOR_UNITS = 0.5, 25.0

_CALLS = f"""
    SELECT coalesce(nullif(s.user_id, ''), nullif(s.session_id, ''), s.trace_id::text) AS unit, s.start_ns, s.model,
           s.status = {int(Status.ERROR)} AS is_error, t.thumbs_down > 0 AS is_disliked, s.duration_ns, s.ttft_ns,
           s.cost_nano_usd
    FROM (SELECT project_id, trace_id, min_day, max_day, thumbs_down FROM trace
          WHERE project_id = %(project)s AND prompt_name = %(name)s AND prompt_version = %(version)s
            AND started_at >= %(since)s
          ORDER BY started_at DESC LIMIT {_MOST_TRACES}) t
    JOIN span s ON s.project_id = t.project_id AND s.trace_id = t.trace_id AND s.start_day BETWEEN t.min_day AND t.max_day
    WHERE s.kind = {int(Kind.LLM)} AND s.prompt_name = %(name)s AND s.prompt_version = %(version)s
"""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One event before the rollout: the share of units with it among their first calls, and what counts as one."""

    event: Event
    rate: float
    first_calls: int
    # How many units had it.
    events: int
    # The share of single calls that were one.
    call_rate: float
    thresholds: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Baselines:
    """What is usual, and on how much that rests."""

    events: tuple[Baseline, ...]
    calls: int
    units_a_day: float
    days: float


def of(*, project: Project, prompt_name: str, version: int, now: datetime) -> Baselines:
    """Return what is usual for a version: of the last 14 days, or of 28 when there were fewer than 500 calls."""
    for period in _PERIODS:
        values = {"project": project.pk, "name": prompt_name, "version": version, "since": now - period}
        calls, units, first_at = _size(values)
        if calls >= FEWEST_CALLS:
            break
    days = max(1 / 24, (now - first_at) / timedelta(days=1)) if first_at else 1.0
    found = [_rate(event, values, calls) for event in (Event.DISLIKED, Event.ERROR)]
    if calls >= FEWEST_FOR_THRESHOLDS:
        found += [one for event in _PERCENTILES if (one := _beyond(event, values)) is not None]
    return Baselines(tuple(found), calls, units / days, days)


def _size(values: Mapping[str, Any]) -> tuple[int, float, datetime | None]:
    """Return the calls, the units summed over the days, and when the first call was."""
    row = _one(
        f"""SELECT coalesce(sum(calls), 0)::bigint, count(*), to_timestamp(min(first_ns) / 1e9)
            FROM (SELECT unit, start_ns / 86400000000000 AS day, count(*) AS calls, min(start_ns) AS first_ns
                  FROM ({_CALLS}) calls GROUP BY unit, day) days""",
        values,
    )
    return int(row[0]), float(row[1]), row[2]


def _rate(event: Event, values: Mapping[str, Any], calls: int) -> Baseline:
    column = {Event.DISLIKED: "is_disliked", Event.ERROR: "is_error"}[event]
    events = int(_one(f"SELECT count(*) FILTER (WHERE {column}) FROM ({_CALLS}) calls", values)[0])
    first_calls = _first_calls((events + _PRIOR_EVENTS) / (calls + _PRIOR_UNITS))
    rate, had = _unit_rate(column, first_calls, values)
    return Baseline(event, rate, first_calls, had, (events + _PRIOR_EVENTS) / (calls + _PRIOR_UNITS), {})


def _beyond(event: Event, values: Mapping[str, Any]) -> Baseline | None:
    column = {Event.SLOW: "duration_ns", Event.LATE_START: "ttft_ns", Event.DEAR: "cost_nano_usd"}[event]
    thresholds = _thresholds(column, _PERCENTILES[event], values)
    if "" not in thresholds:
        return None
    # The first threshold is what the next share waits for; the others look for harm alone.
    usual, share = thresholds[""][0], 1 - _PERCENTILES[event][0]
    first_calls = _first_calls(share)
    rate, had = _unit_rate(f"{column} > %(usual)s", first_calls, {**values, "usual": usual})
    return Baseline(event, rate, first_calls, had, share, thresholds)


def _thresholds(column: str, shares: Sequence[float], values: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    """Return the percentiles of each model with enough calls, and of all of them under «»; nothing without data."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT model, count({column}), percentile_disc(%(shares)s::float8[]) WITHIN GROUP (ORDER BY {column})
                FROM ({_CALLS}) calls WHERE {column} IS NOT NULL GROUP BY GROUPING SETS ((model), ())""",
            {**values, "shares": list(shares)},
        )
        rows = cursor.fetchall()
    return {
        model or "": tuple(map(float, cuts))
        for model, count, cuts in rows
        if count >= FEWEST_FOR_THRESHOLDS and cuts is not None and (model != "" or model is None)
    }


def _unit_rate(condition: str, first_calls: int, values: Mapping[str, Any]) -> tuple[float, int]:
    """Return the share of units with the event among their first calls, and how many had it.

    Never quite 0, for it may only be rare; without any unit it is one in fifty.
    """
    row = _one(
        f"""SELECT count(*) FILTER (WHERE had), count(*) FROM (
                SELECT bool_or({condition}) FILTER (WHERE nth <= %(first_calls)s) AS had FROM (
                    SELECT *, row_number() OVER (PARTITION BY unit ORDER BY start_ns) AS nth FROM ({_CALLS}) calls
                ) numbered GROUP BY unit) units""",
        {**values, "first_calls": first_calls},
    )
    return (int(row[0]) + _PRIOR_EVENTS) / (int(row[1]) + _PRIOR_UNITS), int(row[0])


def _first_calls(rate: float) -> int:
    return max(1, math.ceil(_EVENTS_IN_FIRST_CALLS / rate))


def _one(query: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, dict(values))
        row: tuple[Any, ...] = cursor.fetchone()
    return row
