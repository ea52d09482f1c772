"""The one query over the usage tables: sums of buckets, cut by whatever a caller wants to see apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict
from uuid import UUID

from django.db import connection

from monitoring import usage_latency, usage_periods
from monitoring.kinds import Kind
from monitoring.usage_latency import Histogram
from monitoring.usage_periods import Slice

Key = Literal["is_last", "bucket", "prompt_name", "prompt_version", "model", "rollout_id", "arm", "environment"]

_COUNTERS = (
    "span_count", "error_count", "unpriced_count", "input_tokens", "output_tokens", "cost_nano_usd",
    "thumbs_up", "thumbs_down",
)  # fmt: skip


class Filters(TypedDict, total=False):
    """What may narrow the calls that are counted; an empty text leaves all in, no kind means calls to models.

    `kinds` are several at once, such as all that cost money.
    """

    environment: str
    kind: Kind
    kinds: Sequence[Kind]
    prompt_name: str
    prompt_names: Sequence[str]
    prompt_versions: Sequence[int]
    rollout_ids: Sequence[UUID]
    model: str
    # Further SQL over the columns of a row, each piece with its values in order.
    conditions: Sequence[tuple[str, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Sums:
    """The counters of one group and the keys it was cut by."""

    keys: dict[str, Any]
    counters: dict[str, Any]
    latency: Histogram
    first_token: Histogram = usage_latency.EMPTY


def read(
    *, project_id: int, slices: Iterable[Slice], keys: Sequence[Key] = (), split: datetime | None = None,
    step: timedelta = timedelta(days=1), has_latency: bool = True, has_first_token: bool = False, filters: Filters,
) -> list[Sums]:  # fmt: skip
    """Return the sums of the slices, one group per combination of keys.

    `is_last` tells buckets from `split` on from those before, `bucket` is the start of the `step` a bucket falls into.
    Without `has_latency` the histograms stay where they are: they are most of what there is to read. The times to the first
    words are read only with `has_first_token`.
    """
    parts, values = [], list[Any]()
    for part in slices:
        query, part_values = _part(project_id, part, split or part.start, step, filters)
        parts.append(query)
        values += part_values
    query = f"""
        SELECT {"".join(f"{key}, " for key in keys)} {", ".join(f"coalesce(sum({name}), 0)::bigint" for name in _COUNTERS)},
               {_GLUED.format("ttft") if has_first_token else "NULL"}, {_GLUED.format("latency") if has_latency else "NULL"}
        FROM ({" UNION ALL ".join(parts)}) calls
        {f"GROUP BY {', '.join(keys)}" if keys else ""}
    """
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [_sums(keys, row) for row in cursor.fetchall()]


def _part(project_id: int, part: Slice, split: datetime, step: timedelta, filters: Filters) -> tuple[str, list[Any]]:
    kinds = tuple(filters.get("kinds") or (filters.get("kind", Kind.LLM),))
    is_of_kind = f"kind IN ({', '.join(str(int(kind)) for kind in kinds)})"
    # Most people judge the whole answer, so a thumb may hang on the chain around a call instead of on the call.
    chosen = f"({is_of_kind} OR thumbs_up <> 0 OR thumbs_down <> 0)" if Kind.LLM in kinds else is_of_kind
    conditions, values = (
        ["project_id = %s", "at >= %s", "at < %s", chosen],
        [project_id, part.start, part.end],
    )
    for condition, wanted in _narrowed(filters):
        conditions.append(condition)
        values.append(wanted)
    for condition, further in filters.get("conditions", ()):
        conditions.append(condition)
        values += further
    query = f"""
        SELECT at >= %s AS is_last, date_bin(%s, at, %s) AS bucket, prompt_name, prompt_version, model, rollout_id, arm,
               environment,
               {", ".join(f"CASE WHEN {is_of_kind} THEN {name} ELSE 0 END AS {name}" for name in _COUNTERS[:-2])},
               thumbs_up, thumbs_down, CASE WHEN {is_of_kind} THEN latency ELSE '{{}}' END AS latency,
               CASE WHEN {is_of_kind} THEN ttft ELSE '{{}}' END AS ttft
        FROM {part.table} WHERE {" AND ".join(conditions)}
    """
    return query, [split, step, usage_periods.ORIGIN, *values]


_GLUED = "string_agg(substr(array_send({}), 21), '')"


def _narrowed(filters: Filters) -> list[tuple[str, Any]]:
    wanted = {name: filters.get(name) for name in ("environment", "prompt_name", "model")}
    found: list[tuple[str, Any]] = [(f"{name} = %s", value) for name, value in wanted.items() if value]
    lists = {
        "prompt_name": filters.get("prompt_names"), "prompt_version": filters.get("prompt_versions"),
        "rollout_id": filters.get("rollout_ids"),
    }  # fmt: skip
    return found + [(f"{name} = ANY(%s)", list(values)) for name, values in lists.items() if values is not None]


def _sums(keys: Sequence[Key], row: Sequence[Any]) -> Sums:
    counters = row[len(keys) : -2]
    return Sums(
        keys=dict(zip(keys, row, strict=False)),
        counters=dict(zip(("call_count", *_COUNTERS[1:]), counters, strict=True)),
        latency=usage_latency.from_sent(row[-1]) if row[-1] else usage_latency.EMPTY,
        first_token=usage_latency.from_sent(row[-2]) if row[-2] else usage_latency.EMPTY,
    )
