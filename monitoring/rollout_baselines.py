"""What is usual for a prompt before a rollout of it: rates of events, thresholds, and how many units there are a day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from monitoring import rollout_events
from monitoring.kinds import Kind, Status
from monitoring.rollout_events import FLAGS, MEASURES, Event, Watch
from monitoring.streams.scopes import Scope
from projects.models import Project

FEWEST_CALLS = 500
# Below this nothing is known about what is slow or dear, or what detectors and judges usually say.
FEWEST_FOR_THRESHOLDS = 100
ENOUGH_CALLS = 20_000
# Of much traffic the last days say enough; of little, four weeks.
_PERIODS = (
    (timedelta(days=1), ENOUGH_CALLS), (timedelta(days=3), ENOUGH_CALLS), (timedelta(days=14), FEWEST_CALLS), (timedelta(days=28), 0),
)  # fmt: skip
_MOST_CALLS = 100_000
_PERCENTILES = {Event.SLOW: (0.95,), Event.LATE_START: (0.95,), Event.DEAR: (0.9, 0.95, 0.99)}
# A verdict as bad as that of the worst tenth is a bad one; where more have that very value, only what is worse still.
_WORST, _MOST_AT_LIMIT = 0.1, 0.3
# A unit should have an event in about a third of its first calls: then heavy users say no more than others.
_EVENTS_IN_FIRST_CALLS = 0.3
_PRIOR_EVENTS, _PRIOR_UNITS = 0.5, 25.0

_FILL = f"""
    CREATE TEMPORARY TABLE usual_call AS
    SELECT coalesce(nullif(c.user_id, ''), nullif(c.session_id, ''), c.trace_id::text) AS unit, c.*,
           coalesce(t.thumbs_down, 0) > 0 AS is_disliked, c.status = {int(Status.ERROR)} AS is_error,
           coalesce(a.detectors_version, '') <> '' AS is_analysed, coalesce(a.flags, 0) AS flags
    FROM (SELECT project_id, start_day, trace_id, span_id, start_ns, sort_at, model, status, duration_ns, ttft_ns, cost_nano_usd,
                 user_id, session_id
          FROM span
          WHERE project_id = %(project)s AND start_day >= %(first_day)s AND sort_at >= %(since)s AND kind = {int(Kind.LLM)}
            AND prompt_name = %(name)s AND prompt_version = %(version)s
            AND (%(environments)s::text[] = '{{}}' OR environment = ANY(%(environments)s))
          ORDER BY sort_at DESC LIMIT {_MOST_CALLS}) c
    LEFT JOIN trace t ON t.project_id = c.project_id AND t.trace_id = c.trace_id
    LEFT JOIN call_analysis a ON a.project_id = c.project_id AND a.start_day = c.start_day AND a.trace_id = c.trace_id
         AND a.span_id = c.span_id
"""
_OF_CALL = """
    usual_call c LEFT JOIN trace t ON t.project_id = c.project_id AND t.trace_id = c.trace_id
    LEFT JOIN call_analysis a ON a.project_id = c.project_id AND a.start_day = c.start_day AND a.trace_id = c.trace_id
         AND a.span_id = c.span_id
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
    # The name of a score, or the title of an issue with its scopes.
    subject: str = ""
    scopes: tuple[Scope, ...] = ()
    # Which share of the calls was looked at: by a judge, for a score.
    coverage: float = 1.0


@dataclass(frozen=True, slots=True)
class Baselines:
    """What is usual, and on how much that rests."""

    events: tuple[Baseline, ...]
    calls: int
    units_a_day: float
    days: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for besides: verdicts of evaluators by the names of their scores, and issues by their titles.

    Thresholds of each model are for versions that stay with their model: a version on another one is held against what was
    usual before, whatever is usual for its model.
    """

    scores: Sequence[str] = ()
    issues: Mapping[str, Sequence[Scope]] = field(default_factory=dict)
    by_model: bool = True
    # None: all of them.
    environments: Sequence[str] = ()


def of(
    *, project: Project, prompt_name: str, version: int, now: datetime, wanted: Wanted = Wanted()
) -> Baselines:  # fmt: skip
    """Return what is usual for a version: of all its calls in the last days, or of 28 when there were fewer than 500."""
    values: dict[str, Any] = {
        "project": project.pk,
        "name": prompt_name,
        "version": version,
        "environments": list(wanted.environments),
    }
    for period, enough in _PERIODS:
        # On an error nothing is left behind on the connection.
        with transaction.atomic():
            _fill({**values, "since": now - period, "first_day": (now - period - timedelta(days=1)).date()})
            found = _found(wanted, values, now)
            _run("DROP TABLE usual_call")
        if found.calls >= enough:
            break
    return found


def _found(wanted: Wanted, values: Mapping[str, Any], now: datetime) -> Baselines:
    calls, units, first_at = _size()
    days = max(1 / 24, (now - first_at) / timedelta(days=1)) if first_at else 1.0
    return Baselines(tuple(_events(calls, wanted, values)), calls, units / days, days)


def _events(calls: int, wanted: Wanted, values: Mapping[str, Any]) -> list[Baseline]:
    found = [
        _rate(Event.DISLIKED, "c.is_disliked", calls),
        _rate(Event.ERROR, "c.is_error", calls),
    ]
    if calls < FEWEST_FOR_THRESHOLDS:
        return found
    found += [one for event in _PERCENTILES if (one := _beyond(event, wanted.by_model)) is not None]
    analysed = int(_one("SELECT count(*) FILTER (WHERE is_analysed) FROM usual_call")[0])
    if analysed >= FEWEST_FOR_THRESHOLDS:
        found += [_rate(event, f"c.flags & {int(flag)} <> 0", analysed) for event, flag in FLAGS.items()]
    found += [one for name in wanted.scores if (one := _judged(name, calls, values)) is not None]
    return found + [_of_issue(title, scopes, calls, values) for title, scopes in wanted.issues.items()]


def _fill(values: Mapping[str, Any]) -> None:
    _run(_FILL, values)
    _run("ANALYZE usual_call")


def _size() -> tuple[int, float, datetime | None]:
    """Return the calls, the units summed over the days, and when the first call was."""
    row = _one(
        """SELECT coalesce(sum(calls), 0)::bigint, count(*), to_timestamp(min(first_ns) / 1e9)
           FROM (SELECT unit, start_ns / 86400000000000 AS day, count(*) AS calls, min(start_ns) AS first_ns
                 FROM usual_call GROUP BY unit, day) days"""
    )
    return int(row[0]), float(row[1]), row[2]


def _rate(event: Event, condition: str, calls: int) -> Baseline:
    events = int(_one(f"SELECT count(*) FILTER (WHERE {condition}) FROM usual_call c")[0])
    call_rate = (events + _PRIOR_EVENTS) / (calls + _PRIOR_UNITS)
    first_calls = _first_calls(call_rate)
    rate, had = _unit_rate(condition, first_calls)
    return Baseline(event, rate, first_calls, had, call_rate, {})


def _beyond(event: Event, by_model: bool) -> Baseline | None:
    column = f"c.{MEASURES[event]}"
    thresholds = _thresholds(column, _PERCENTILES[event])
    if "" not in thresholds:
        return None
    if not by_model:
        thresholds = {"": thresholds[""]}
    # The first threshold is what the next share waits for; the others look for harm alone.
    usual, share = thresholds[""][0], 1 - _PERCENTILES[event][0]
    first_calls = _first_calls(share)
    rate, had = _unit_rate(f"{column} > %(usual)s", first_calls, {"usual": usual})
    return Baseline(event, rate, first_calls, had, share, thresholds)


def _judged(name: str, calls: int, values: Mapping[str, Any]) -> Baseline | None:
    """Return how often an evaluator says something bad; None where it has judged hardly any call."""
    asked: dict[str, Any] = dict(values)
    verdicts = f"SELECT score.value {rollout_events.scored(Watch(Event.JUDGED_BAD, 1, subject=name), prefix='j_', values=asked)}"
    row = _one(
        f"""WITH judged AS (SELECT c.trace_id, c.span_id, ({verdicts} ORDER BY score.value LIMIT 1) AS value FROM usual_call c),
                 worst AS (SELECT percentile_disc({_WORST}) WITHIN GROUP (ORDER BY value) AS value FROM judged)
            SELECT count(judged.value), max(worst.value), count(*) FILTER (WHERE judged.value <= worst.value) FROM judged, worst""",
        asked,
    )
    judged = int(row[0])
    if judged < FEWEST_FOR_THRESHOLDS:
        return None
    limit = math.nextafter(row[1], math.inf) if row[2] <= _MOST_AT_LIMIT * judged else float(row[1])
    watch = Watch(Event.JUDGED_BAD, 1, {"": (limit,)}, subject=name)
    return _watched(watch, judged, values, coverage=judged / calls)


def _of_issue(title: str, scopes: Sequence[Scope], calls: int, values: Mapping[str, Any]) -> Baseline:
    return _watched(Watch(Event.ISSUE, 1, subject=title, scopes=tuple(scopes)), calls, values)


def _watched(watch: Watch, calls: int, values: Mapping[str, Any], *, coverage: float = 1.0) -> Baseline:
    asked: dict[str, Any] = dict(values)
    condition = rollout_events.happened(watch, prefix="w_", part=0, values=asked)
    events = int(_one(f"SELECT count(*) FILTER (WHERE {condition}) FROM {_OF_CALL}", asked)[0])
    call_rate = (events + _PRIOR_EVENTS) / (calls + _PRIOR_UNITS)
    first_calls = _first_calls(call_rate)
    rate, had = _unit_rate(condition, first_calls, asked, source=_OF_CALL)
    thresholds = {model: tuple(limits) for model, limits in watch.thresholds.items()}
    return Baseline(
        watch.event, rate, first_calls, had, call_rate, thresholds, watch.subject, tuple(watch.scopes), coverage
    )  # fmt: skip


def _thresholds(column: str, shares: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """Return the percentiles of each model with enough calls, and of all of them under «»; nothing without data."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT model, count({column}), percentile_disc(%(shares)s::float8[]) WITHIN GROUP (ORDER BY {column})
                FROM usual_call c WHERE {column} IS NOT NULL GROUP BY GROUPING SETS ((model), ())""",
            {"shares": list(shares)},
        )
        rows = cursor.fetchall()
    return {
        model or "": tuple(map(float, cuts))
        for model, count, cuts in rows
        if count >= FEWEST_FOR_THRESHOLDS and cuts is not None and (model != "" or model is None)
    }


def _unit_rate(
    condition: str, first_calls: int, values: Mapping[str, Any] | None = None, *, source: str = "usual_call c"
) -> tuple[float, int]:
    """Return the share of units with the event among their first calls, and how many had it.

    Never quite 0, for it may only be rare; without any unit it is one in fifty.
    """
    row = _one(
        f"""SELECT count(*) FILTER (WHERE had), count(*) FROM (
                SELECT bool_or(happened) FILTER (WHERE nth <= %(first_calls)s) AS had FROM (
                    SELECT c.unit, {condition} AS happened, row_number() OVER (PARTITION BY c.unit ORDER BY c.start_ns) AS nth
                    FROM {source}
                ) numbered GROUP BY unit) units""",
        {**(values or {}), "first_calls": first_calls},
    )
    return (int(row[0]) + _PRIOR_EVENTS) / (int(row[1]) + _PRIOR_UNITS), int(row[0])


def _first_calls(rate: float) -> int:
    return max(1, math.ceil(_EVENTS_IN_FIRST_CALLS / rate))


def _one(query: str, values: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, dict(values or {}))
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _run(query: str, values: Mapping[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, dict(values or {}))
