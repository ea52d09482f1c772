"""What is usual for each prompt and model: how long calls take, how long answers are, what they cost; from the last two weeks.

The newest hours do not count: a prompt that became slow at noon must not be usual by one o'clock.
"""

from __future__ import annotations

import math
import statistics
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from monitoring.detectors import latency, verbosity
from monitoring.detectors.latency import LatencyBaseline, Timing
from monitoring.detectors.verbosity import LengthBaseline
from monitoring.kinds import Status

WINDOW, NEWEST = timedelta(days=14), timedelta(hours=6)
FEWEST = 50
# Calls of one prompt and model, and of all together, that are enough to tell what is usual.
_MOST_EACH, _MOST = 1_000, 100_000
# A project with more calls than this is read thinner, by lot.
_READ_WHOLE = 500_000
_ALL = 2**32
_PERCENT = 0.95
_MOST_PROJECTS = 8

_COUNT = """
    SELECT coalesce(sum(span_count), 0) FROM usage_day
     WHERE project_id = %(project)s AND kind = 1 AND at >= %(since)s::timestamptz - interval '1 day' AND at < %(until)s
"""
_SAMPLE = f"""
    SELECT prompt_name, model, extract(hour FROM call_at AT TIME ZONE 'UTC')::int, duration_ns, ttft_ns, input_tokens, output_tokens,
           cost_nano_usd
      FROM (
        SELECT *, row_number() OVER (PARTITION BY prompt_name, model ORDER BY draw, trace_id, span_id) AS place
          FROM (
            SELECT prompt_name, model, call_at, duration_ns, ttft_ns, input_tokens, output_tokens, cost_nano_usd, draw, trace_id, span_id
              FROM call_analysis
             WHERE project_id = %(project)s AND start_day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date - 1
               AND start_day <= (%(until)s::timestamptz AT TIME ZONE 'UTC')::date + 1
               AND call_at >= %(since)s AND call_at < %(until)s AND status <> {int(Status.ERROR)} AND draw < %(bound)s
          ) calls
      ) sampled
     WHERE place <= {_MOST_EACH} ORDER BY place LIMIT {_MOST}
"""


class Seen(NamedTuple):
    """One call that what is usual is worked out from."""

    hour: int
    duration_ns: int
    ttft_ns: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_nano_usd: int | None


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for one prompt and model; None of whatever too few calls tell. Times are those of an average hour."""

    duration: LatencyBaseline | None = None
    start: LatencyBaseline | None = None
    length: LengthBaseline | None = None
    duration_p95: float | None = None
    start_p95: float | None = None
    cost_p95: float | None = None
    # By how much calls take longer at an hour of the day (UTC).
    hours: Mapping[int, float] = field(default_factory=dict)

    def factor(self, hour: int) -> float:
        """Return by how much calls usually take longer at this hour than on average."""
        return self.hours.get(hour, 1.0)


@dataclass
class Baselines:
    """What is usual in a project at some hour; worked out for a prompt and model when it is first asked for."""

    _seen: dict[tuple[str, str], list[Seen]]
    _usual: dict[tuple[str, str], Usual | None] = field(default_factory=dict)

    def of(self, *, prompt_name: str, model: str) -> Usual | None:
        """Return what is usual for a prompt and model, None when there were too few calls."""
        key = (prompt_name, model)
        if key not in self._usual:
            self._usual[key] = usual(self._seen.pop(key, []))
        return self._usual[key]


_cache: OrderedDict[int, tuple[datetime, Baselines]] = OrderedDict()


def at(*, project_id: int, moment: datetime) -> Baselines:
    """Return what was usual in a project at a moment; the same for the whole hour, and kept for the projects asked last."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    kept = _cache.get(project_id)
    if kept is None or kept[0] != hour:
        kept = (hour, Baselines(_read(project_id, hour)))
    _cache[project_id] = kept
    _cache.move_to_end(project_id)
    while len(_cache) > _MOST_PROJECTS:
        _cache.popitem(last=False)
    return kept[1]


def forget() -> None:
    """Forget what is kept, for whoever changed what lies in the past."""
    _cache.clear()


def usual(seen: Sequence[Seen]) -> Usual | None:
    """Return what is usual among these calls."""
    if len(seen) < FEWEST:
        return None
    hours = _hours(seen)
    durations = [
        (one.output_tokens or 0, one.duration_ns / 1e9 / hours.get(one.hour, 1.0))
        for one in seen
        if one.duration_ns > 0
    ]
    starts = [
        (one.input_tokens or 0, one.ttft_ns / 1e9 / hours.get(one.hour, 1.0)) for one in seen if one.ttft_ns is not None
    ]
    return Usual(
        duration=latency.baseline([Timing(*one) for one in durations]),
        start=latency.baseline([Timing(*one) for one in starts]),
        length=verbosity.length_baseline([one.output_tokens for one in seen if one.output_tokens]),
        duration_p95=_percentile([seconds for _, seconds in durations]),
        start_p95=_percentile([seconds for _, seconds in starts]),
        cost_p95=_percentile([float(one.cost_nano_usd) for one in seen if one.cost_nano_usd is not None]),
        hours=hours,
    )


def _hours(seen: Sequence[Seen]) -> dict[int, float]:
    """Return how much longer calls take at each hour of the day, from that hour and its neighbours, where enough tell."""
    logs: dict[int, list[float]] = defaultdict(list)
    for one in seen:
        if one.duration_ns > 0:
            logs[one.hour].append(math.log(one.duration_ns))
    if not logs:
        return {}
    middle = statistics.median(value for values in logs.values() for value in values)
    found = {}
    for hour in range(24):
        near = [value for neighbour in (hour - 1, hour, hour + 1) for value in logs.get(neighbour % 24, ())]
        if len(near) >= FEWEST:
            found[hour] = math.exp(statistics.median(near) - middle)
    return found


def _percentile(values: Sequence[float]) -> float | None:
    if len(values) < FEWEST:
        return None
    return sorted(values)[min(len(values) - 1, int(len(values) * _PERCENT))]


def _read(project_id: int, hour: datetime) -> dict[tuple[str, str], list[Seen]]:
    values: dict[str, Any] = {"project": project_id, "since": hour - WINDOW, "until": hour - NEWEST}
    found: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        count = int((cursor.fetchone() or (0,))[0])
        cursor.execute(_SAMPLE, {**values, "bound": _ALL * _READ_WHOLE // max(count, _READ_WHOLE)})
        for prompt_name, model, *rest in cursor.fetchall():
            found[prompt_name, model].append(Seen(*rest))
    return found
