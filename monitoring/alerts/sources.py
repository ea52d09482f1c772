"""Reads what alerts look at: the counters of calls, what detectors found, and scores; all of it by steps of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring import usage_periods, usage_reading
from monitoring.alerts.measures import MEASURES, Measure, Shape, Source
from monitoring.alerts.windows import Part, Series, series
from monitoring.analysis import running
from monitoring.issues.models import IssueCycle
from monitoring.kinds import CHARGED
from monitoring.usage_periods import Slice, Table
from monitoring.usage_reading import Filters, Sums

_HOUR = timedelta(hours=1)
# Applications send calls within seconds; what comes later than this is not waited for.
MARGIN = timedelta(minutes=2)
# People and checks say later what they think of an answer.
OPINION_MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls that an alert is about; what is not named may be anything."""

    project_id: int
    environment: str = ""
    prompt_name: str = ""
    prompt_version: int = 0
    model: str = ""

    @property
    def money(self) -> Filters:
        """The same calls with everything else that a provider charges for."""
        found = self.filters
        found["kinds"] = CHARGED
        return found

    def filters_for(self, measure: Measure) -> Filters:
        """Return what counts for a measure."""
        return self.money if measure.name == "cost" else self.filters

    @property
    def filters(self) -> Filters:
        found = Filters(environment=self.environment, prompt_name=self.prompt_name, model=self.model)
        if self.prompt_version:
            found["prompt_versions"] = [self.prompt_version]
        return found

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL for rows that carry the columns of a call, with its values."""
        wanted = {
            "environment": self.environment, "prompt_name": self.prompt_name, "prompt_version": self.prompt_version,
            "model": self.model,
        }  # fmt: skip
        named = {column: value for column, value in wanted.items() if value}
        sql = "".join(f" AND {column} = %({column})s" for column in named)
        return f"project_id = %(project)s{sql}", {"project": self.project_id, **named}


def complete_until(*, project_id: int, measure: Measure, by_hours: bool, now: datetime) -> datetime | None:
    """Return up to which moment everything is there to be judged; None when nothing is yet."""
    if measure.source == Source.SCORES or measure.name == "disliked":
        return now - OPINION_MARGIN
    if measure.source == Source.COUNTERS:
        return now - MARGIN
    progress = running.progress(project_id=project_id)
    until = progress.until_at if progress.lag_seconds else now - MARGIN
    if until is None:
        return None
    if by_hours:
        looked = IssueCycle.objects.filter(project_id=project_id).values_list("looked_at", flat=True).first()
        until = min(until, looked) if looked else None
    return min(until, now - MARGIN) if until else None


def read(
    *, scope: Scope, measure: Measure, start: datetime, end: datetime, step: timedelta, score_name: str = ""
) -> Series:
    """Return what the calls of a time added up to, by steps."""
    start = usage_periods.snap(start, step=step)
    if measure.source == Source.FINDINGS:
        return _findings(scope, measure, start, end, step)
    if measure.source == Source.SCORES:
        return _scores(scope, score_name, start, end, step)
    table: Table = "usage_hour" if step >= _HOUR else "usage_minute"
    has_first_token = measure.name == "first_token"
    has_latency = measure.shape == Shape.PERCENTILE and not has_first_token
    found = usage_reading.read(
        project_id=scope.project_id, slices=[Slice(table, start, end)], keys=("bucket",), step=step, has_latency=has_latency,
        has_first_token=has_first_token, filters=scope.filters_for(measure),
    )  # fmt: skip
    parts = [(group.keys["bucket"], part_of(measure, group)) for group in found]
    return series(start=start, end=end, step=step, parts=parts, has_histograms=has_latency or has_first_token)


def spent_on_days(*, scope: Scope, start: datetime, end: datetime) -> float:
    """Return the dollars of whole days, from midnight to midnight."""
    if start >= end:
        return 0.0
    found = usage_reading.read(
        project_id=scope.project_id, slices=[Slice("usage_day", start, end)], has_latency=False, filters=scope.money
    )
    return sum(part_of(MEASURES["cost"], group).amount for group in found)


def part_of(measure: Measure, group: Sums) -> Part:
    """Return what the counters of some calls mean for a measure."""
    counters = group.counters
    calls = counters["call_count"]
    match measure.name:
        case "errors":
            return Part(calls, counters["error_count"])
        case "disliked":
            return Part(counters["thumbs_up"] + counters["thumbs_down"], counters["thumbs_down"])
        case "cost":
            return Part(calls, counters["cost_nano_usd"] / 1e9)
        case "tokens":
            return Part(calls, counters["input_tokens"] + counters["output_tokens"])
        case "first_token":
            return Part(group.first_token.total, 0.0, group.first_token)
    return Part(calls, calls, group.latency)


def _findings(scope: Scope, measure: Measure, start: datetime, end: datetime, step: timedelta) -> Series:
    """Return the calls with a flag; whole hours are read where they are counted already, and kept for longer."""
    condition, values = scope.condition()
    if step >= _HOUR:
        query = f"""
            SELECT date_bin(%(step)s, at, %(origin)s), sum(call_count)::bigint,
                   sum(coalesce(flag_counts[{flag_bit(measure).bit_length()}], 0))::bigint
              FROM flag_hour WHERE {condition} AND at >= %(start)s AND at < %(end)s GROUP BY 1
        """
    else:
        query = f"""
            SELECT date_bin(%(step)s, call_at, %(origin)s), count(*), count(*) FILTER (WHERE flags & {flag_bit(measure)} <> 0)
              FROM call_analysis WHERE {condition} AND call_at >= %(start)s AND call_at < %(end)s GROUP BY 1
        """
    return _summed(query, values, start, end, step)


def _scores(scope: Scope, score_name: str, start: datetime, end: datetime, step: timedelta) -> Series:
    condition, values = scope.condition()
    # No score is there before its call, and scores have an index by when they came.
    query = f"""
        SELECT date_bin(%(step)s, call_at, %(origin)s), count(*), sum(value)
          FROM score WHERE {condition} AND received_at >= %(start)s AND call_at >= %(start)s AND call_at < %(end)s
           AND name = %(name)s AND value IS NOT NULL GROUP BY 1
    """
    return _summed(query, values | {"name": score_name}, start, end, step)


def _summed(query: str, values: dict[str, Any], start: datetime, end: datetime, step: timedelta) -> Series:
    times = {"start": start, "end": end, "step": step, "origin": usage_periods.ORIGIN}
    with connection.cursor() as cursor:
        cursor.execute(query, values | times)
        parts = [(at, Part(count, float(amount or 0))) for at, count, amount in cursor.fetchall()]
    return series(start=start, end=end, step=step, parts=parts)


def flag_bit(measure: Measure) -> int:
    """Return the bit of the flag that a measure counts."""
    return int(measure.flag or 0)
