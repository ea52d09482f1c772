"""Compares the traces that pass a filter with the rest of the same time: reads both, as many as tell it, and names differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import BigIntegerField, F, Func, Value

from monitoring import trace_search, trace_volume
from monitoring.analysis import flagged
from monitoring.exploring import differences
from monitoring.exploring.differences import Difference, Dimension
from monitoring.kinds import Arm
from monitoring.models import Trace, TraceQuerySet
from monitoring.trace_filters import TraceFilter
from projects.models import Project

MOST_CHOSEN, MOST_REST, MOST_WITH_METADATA = 4_000, 6_000, 1_500
MOST_KEYS = 12
_SECONDS, _MILLISECONDS = 1.5, 2_000
_LOTS = 2**20
_COLUMNS = (
    "project_id", "trace_id", "started_at", "min_day", "max_day", "start_ns", "end_ns", "input_tokens", "output_tokens",
    "cost_nano_usd", "call_count", "unpriced_count", "error_count", "thumbs_up", "thumbs_down", "arm", "prompt_name",
    "prompt_version", "model", "environment", "release", "service", "user_id", "session_id",
)  # fmt: skip
LATENCY = {"": 0.0, "500ms": 0.5, "1s": 1.0, "2s": 2.0, "5s": 5.0, "15s": 15.0, "60s": 60.0}
COST = {"": 0.0, "0.0001": 1e-4, "0.001": 1e-3, "0.01": 1e-2, "0.1": 0.1, "1": 1.0}
TOKENS = {"": 0.0, "200": 200.0, "1k": 1e3, "5k": 5e3, "20k": 2e4}
_OF_CALLS = """
    SELECT trace_id, bit_or(flags), min(language) FILTER (WHERE language <> ''), min(cluster_id) FROM call_analysis
     WHERE project_id = %s AND trace_id = ANY(%s) AND start_day BETWEEN %s AND %s GROUP BY trace_id
"""
_METADATA = """
    SELECT s.trace_id, m.key, min(left(m.value, 80)) FROM span s CROSS JOIN LATERAL jsonb_each_text(s.metadata::jsonb) m
     WHERE s.project_id = %s AND s.trace_id = ANY(%s) AND s.start_day BETWEEN %s AND %s AND s.metadata IS JSON OBJECT
     GROUP BY s.trace_id, m.key
"""


class _Lot(Func):
    """A number that depends on the id of a trace alone: those below a bound are an even sample, whatever ids are made of."""

    template = f"(uuid_hash_extended(%(expressions)s, 0) & {_LOTS - 1})"
    output_field = BigIntegerField()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is different, and how many traces of each side were looked at; `since` is where the look had to begin."""

    differences: list[Difference]
    chosen_count: int
    rest_count: int
    since: datetime
    is_sample: bool


@dataclass(frozen=True, slots=True)
class _Of:
    """What the calls of a trace say."""

    flags: int = 0
    language: str | None = None
    cluster_id: int | None = None


def compare(*, project: Project, wanted: TraceFilter, during: tuple[datetime, datetime] | None = None) -> Comparison:
    """Return in which ways the traces that pass, or those of a stretch of time, differ from the rest of the time range.

    TookTooLong when there are too many traces in the time range to look at.
    """
    chosen_filter = replace(wanted, start=during[0], end=during[1]) if during else wanted
    page = trace_search.page(project=project, wanted=chosen_filter, limit=MOST_CHOSEN, seconds=_SECONDS)
    cut = page.traces[-1].started_at if page.older and page.traces and not during else wanted.start
    since = max(cut, page.searched_until or cut) if not during else wanted.start
    chosen = [trace for trace in page.traces if trace.started_at >= since]
    base = TraceFilter(start=since, end=wanted.end, environment=wanted.environment)
    rest, is_sample = _rest(project, wanted if during else base, {trace.trace_id for trace in chosen}, during)
    found = _differences(project, chosen, rest)
    return Comparison(found, len(chosen), len(rest), since, is_sample or page.older is not None)


def _rest(
    project: Project, asked: TraceFilter, chosen: set[UUID], during: tuple[datetime, datetime] | None
) -> tuple[list[Trace], bool]:  # fmt: skip
    """Return an even sample of the other traces of the time, and whether there are more."""
    counted = sum(count for _, count in trace_volume.volume(project=project, wanted=asked))
    share = min(1.0, (MOST_REST + len(chosen)) / max(1, counted))
    rows: TraceQuerySet = asked.rows(project).filter(
        asked.rest, asked.found(project, since=asked.start, until=asked.end)
    )
    if share < 1:
        rows = rows.annotate(lot=_Lot(F("trace_id"))).filter(lot__lt=Value(int(share * _LOTS)))
    if during:
        rows = rows.exclude(started_at__gte=during[0], started_at__lt=during[1])
    with trace_volume.at_most(_MILLISECONDS):
        found = list(rows.order_by().only(*_COLUMNS)[: 2 * MOST_REST])
    return [trace for trace in found if trace.trace_id not in chosen][:MOST_REST], share < 1


def _differences(project: Project, chosen: Sequence[Trace], rest: Sequence[Trace]) -> list[Difference]:
    traces = [*chosen, *rest]
    if min(len(chosen), len(rest)) < differences.FEWEST:
        return []
    is_chosen = np.arange(len(traces)) < len(chosen)
    people, _ = differences.coded([trace.user_id or trace.session_id or trace.trace_id.hex for trace in traces])
    dimensions = [*_of_rows(traces), *_of_calls(project, traces), *_of_metadata(project, chosen, rest)]
    return differences.strongest(dimensions, is_chosen=is_chosen, people=people)


def _of_rows(traces: Sequence[Trace]) -> list[Dimension]:
    def texts(name: str, read: Callable[[Trace], Any], **more: bool) -> Dimension:
        return differences.dimension(name, [str(read(trace)) or None for trace in traces], **more)

    return [
        differences.dimension("prompt version", [
            f"{trace.prompt_name} v{trace.prompt_version}" if trace.prompt_version else None for trace in traces
        ]),
        texts("prompt", lambda trace: trace.prompt_name), texts("model", lambda trace: trace.model),
        texts("environment", lambda trace: trace.environment), texts("release", lambda trace: trace.release),
        texts("service", lambda trace: trace.service), texts("hour", lambda trace: trace.started_at.hour),
        texts("outcome", lambda trace: "error" if trace.error_count else "ok"),
        texts("feedback", lambda trace: "down" if trace.thumbs_down else "up" if trace.thumbs_up else "none"),
        differences.dimension("arm", [Arm(trace.arm).name.lower() if trace.arm else None for trace in traces]),
        texts("user", lambda trace: trace.user_id, counts_people=False),
        differences.banded("latency", [trace.duration_ms / 1000 for trace in traces], LATENCY),
        differences.banded("cost", [trace.cost_usd for trace in traces], COST),
        differences.banded("tokens", [trace.input_tokens + trace.output_tokens for trace in traces], TOKENS),
    ]  # fmt: skip


def _of_calls(project: Project, traces: Sequence[Trace]) -> list[Dimension]:
    with connection.cursor() as cursor:
        cursor.execute(_OF_CALLS, [project.pk, [trace.trace_id for trace in traces], *_days(traces)])
        known = {row[0]: _Of(*row[1:]) for row in cursor.fetchall()}
    calls = [known.get(trace.trace_id) for trace in traces]
    groups = [str(call.cluster_id) if call and call.cluster_id else None for call in calls]
    found = [
        differences.dimension("language", [call.language if call else None for call in calls]),
        differences.dimension("group", groups),
    ]
    for name in flagged.NAMES:
        bit = flagged.bits(name)
        codes = np.array([-1 if call is None else int(not call.flags & bit) for call in calls], dtype=np.int64)
        if (codes == 0).any():
            # Not to have it is the same said twice.
            found.append(Dimension("flag", codes, [name]))
    return found


def _of_metadata(project: Project, chosen: Sequence[Trace], rest: Sequence[Trace]) -> list[Dimension]:
    looked_at = [*chosen[:MOST_WITH_METADATA], *rest[:MOST_WITH_METADATA]]
    with connection.cursor() as cursor:
        cursor.execute(_METADATA, [project.pk, [trace.trace_id for trace in looked_at], *_days(looked_at)])
        rows = cursor.fetchall()
    keys: dict[str, dict[UUID, str]] = {}
    for trace_id, key, value in rows:
        keys.setdefault(key, {})[trace_id] = value or ""
    common = sorted(keys, key=lambda key: -len(keys[key]))[:MOST_KEYS]
    is_looked_at = {trace.trace_id for trace in looked_at}
    return [_member(f"metadata.{key}", keys[key], [*chosen, *rest], is_looked_at) for key in common]


def _member(name: str, values: dict[UUID, str], traces: Sequence[Trace], looked_at: set[UUID]) -> Dimension:
    codes, texts = differences.coded([values.get(trace.trace_id) for trace in traces])
    has_none = np.array([trace.trace_id in looked_at and trace.trace_id not in values for trace in traces])
    return Dimension(name, np.where(has_none, len(texts), codes), texts)


def _days(traces: Sequence[Trace]) -> tuple[Any, Any]:
    one = timedelta(days=1)
    return min(trace.min_day for trace in traces) - one, max(trace.max_day for trace in traces) + one
