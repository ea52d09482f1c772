"""Which prompt versions stand behind an alert: the same number, cut by version, over the time it was about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitoring import usage_periods, usage_reading
from monitoring.alerts import sources
from monitoring.alerts.measures import Measure, Shape, Source
from monitoring.alerts.models import Alert
from monitoring.alerts.sources import Scope
from monitoring.alerts.watches import watch_of
from monitoring.alerts.windows import Part, value_of

_MOST = 8


@dataclass(frozen=True, slots=True)
class Version:
    """One prompt version in the time of an alert; calls without a prompt have an empty name."""

    prompt_name: str
    prompt_version: int
    calls: int
    value: float | None


def by_version(*, alert: Alert, start: datetime, end: datetime) -> list[Version]:
    """Return the versions that the calls of a time came from, most calls first."""
    watch = watch_of(alert)
    parts = _parts(watch.scope, watch.measure, watch.score_name, start, end)
    rows = [Version(name, number, part.count, value_of(watch.measure, part)) for name, number, part in parts]
    return sorted(rows, key=lambda row: -row.calls)[:_MOST]


def _parts(
    scope: Scope, measure: Measure, score_name: str, start: datetime, end: datetime
) -> list[tuple[str, int, Part]]:
    if measure.source == Source.COUNTERS:
        found = usage_reading.read(
            project_id=scope.project_id, slices=usage_periods.fit(start, end).slices, keys=("prompt_name", "prompt_version"),
            has_latency=measure.shape == Shape.PERCENTILE, has_first_token=measure.name == "first_token",
            filters=scope.filters_for(measure),
        )  # fmt: skip
        return [
            (group.keys["prompt_name"], group.keys["prompt_version"], sources.part_of(measure, group))
            for group in found
        ]
    condition, values = scope.condition()
    if measure.source == Source.FINDINGS:
        counted = f"count(*), count(*) FILTER (WHERE flags & {sources.flag_bit(measure)} <> 0) FROM call_analysis"
        narrowed = ""
    else:
        counted = "count(*), sum(value) FROM score"
        narrowed = " AND received_at >= %(start)s AND name = %(name)s AND value IS NOT NULL"
    query = f"""
        SELECT coalesce(prompt_name, ''), coalesce(prompt_version, 0), {counted}
         WHERE {condition} AND call_at >= %(start)s AND call_at < %(end)s{narrowed} GROUP BY 1, 2
    """
    with connection.cursor() as cursor:
        cursor.execute(query, values | {"start": start, "end": end, "name": score_name})
        return [(name, number, Part(count, float(total or 0))) for name, number, count, total in cursor.fetchall()]
