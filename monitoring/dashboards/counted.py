"""The numbers of charts from the counters alone: as quick for millions of calls as for a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from monitoring import usage_reading
from monitoring.dashboards import parts, selection, splits
from monitoring.dashboards.measures import Measure, Shape
from monitoring.dashboards.parts import MOST_PARTS, Asked, Found
from monitoring.dashboards.tallies import Tally
from monitoring.usage_reading import Filters, Key, Sums

_TYPES = {"prompt_version": "int", "arm": "smallint"}
Conditions = Sequence[tuple[str, Sequence[Any]]]


def read(asked: Asked) -> Found:
    """Return what the counters say, of the parts with the most calls."""
    split, measure = asked.question.split, asked.question.measure
    conditions: list[tuple[str, Sequence[Any]]] = [
        (condition.sql, condition.values) for condition in selection.of_calls(asked.terms)
    ]
    part_count = 0
    if split.columns:
        chosen, part_count = _busiest(asked, conditions)
        conditions.append(_one_of(split.columns, chosen))
    is_timed = measure.shape == Shape.PERCENTILE
    found = usage_reading.read(
        project_id=asked.project.pk, slices=[asked.period.whole], keys=("bucket", *_keys(asked)), step=asked.period.step,
        has_latency=is_timed and not measure.is_first_token, has_first_token=is_timed and measure.is_first_token,
        filters=Filters(conditions=conditions),
    )  # fmt: skip
    rows = [(_name(asked, one), one.keys["bucket"], tally(measure, one)) for one in found]
    return parts.summed(rows, part_count=part_count)


def _busiest(asked: Asked, conditions: Conditions) -> tuple[list[tuple[Any, ...]], int]:
    """Return the parts with the most calls, or those that are wanted, as the values of their columns; and how many there are."""
    found = usage_reading.read(
        project_id=asked.project.pk, slices=asked.period.slices, keys=_keys(asked), has_latency=False,
        filters=Filters(conditions=conditions),
    )  # fmt: skip
    found.sort(key=lambda one: (-one.counters["call_count"], _name(asked, one)))
    columns = asked.question.split.columns
    wanted = found if asked.parts is None else [one for one in found if _name(asked, one) in asked.parts]
    chosen = [tuple(one.keys[column] for column in columns) for one in wanted]
    return chosen[: MOST_PARTS if asked.parts is None else None], len(found)


def _one_of(columns: Sequence[str], chosen: Sequence[tuple[Any, ...]]) -> tuple[str, Sequence[Any]]:
    lists = [[values[place] for values in chosen] for place in range(len(columns))]
    arrays = ", ".join(f"%s::{_TYPES.get(column, 'text')}[]" for column in columns)
    return f"({', '.join(columns)}) IN (SELECT * FROM unnest({arrays}))", lists


def _keys(asked: Asked) -> tuple[Key, ...]:
    return cast("tuple[Key, ...]", asked.question.split.columns)


def _name(asked: Asked, one: Sums) -> str:
    return splits.part_name(asked.question.split, tuple(one.keys[column] for column in asked.question.split.columns))


def tally(measure: Measure, sums: Sums) -> Tally:
    """Return what counters mean for a measure."""
    of = sums.counters
    calls, thumbs = of["call_count"], of["thumbs_up"] + of["thumbs_down"]
    match measure.name:
        case "failed" | "errors":
            return Tally(calls, of["error_count"])
        case "disliked":
            return Tally(thumbs, of["thumbs_down"])
        case "responses":
            return Tally(calls, thumbs)
        case "cost" | "call_cost":
            return Tally(calls, of["cost_nano_usd"] / 1e9, of["unpriced_count"])
        case "tokens":
            return Tally(calls, of["input_tokens"] + of["output_tokens"])
        case "tokens_in":
            return Tally(calls, of["input_tokens"])
        case "tokens_out":
            return Tally(calls, of["output_tokens"])
        case "first_p50" | "first_p95" | "first_p99":
            return Tally(sums.first_token.total, histogram=sums.first_token)
    return Tally(calls, calls, histogram=sums.latency)
