"""How prompts do: calls, thumbs, speed and price per prompt and per version, from the counters of whole days alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring import usage, usage_periods, usage_reading
from monitoring.kinds import Kind
from monitoring.usage import Usage
from monitoring.usage_periods import ORIGIN, Slice
from monitoring.usage_rates import Rate
from monitoring.usage_reading import Filters, Key, Sums
from projects.models import Project

_DAY = timedelta(days=1)
# What a list shows: two weeks level out the days of the week and hold enough ratings to say something.
DAYS = 14

# Only what is asked for is added up: an order over every prompt reads every counter of two weeks.
# Floating-point sums are exact far beyond these counts, and much cheaper than those of large whole numbers.
_SUMMED = """
    SELECT prompt_name, {sums} FROM usage_day
    WHERE project_id = %(project)s AND at >= %(since)s AND prompt_name <> ''
      AND (%(environment)s = '' OR environment = %(environment)s) AND {condition}
    GROUP BY prompt_name
"""
_OF_MODELS = f"kind = {int(Kind.LLM)}"


@dataclass(frozen=True, slots=True)
class PromptUsage:
    """What the calls of a prompt added up to, and how many there were on each day, the last one unfinished."""

    total: Usage
    calls_per_day: tuple[int, ...]


def of_prompts(
    *, project: Project, names: Sequence[str], now: datetime, environment: str = ""
) -> dict[str, PromptUsage]:
    """Return the numbers of the last days of some prompts, by name; prompts without calls are left out."""
    days, filters = _days(now), _filters(environment, prompt_names=names)
    per_day: dict[str, dict[datetime | None, int]] = {}
    for row in usage.rows_of(_read(days, now, project, ("prompt_name", "bucket"), filters, has_latency=False)):
        per_day.setdefault(row.prompt_name, {})[row.at] = row.call_count
    return {
        total.prompt_name: PromptUsage(total, tuple(per_day[total.prompt_name].get(day, 0) for day in days))
        for total in usage.rows_of(_read(days, now, project, ("prompt_name",), filters))
        if total.prompt_name in per_day
    }


def of_versions(
    *, project: Project, prompt_name: str, numbers: Sequence[int], now: datetime, environment: str = ""
) -> dict[int, Usage]:
    """Return what the calls of some versions added up to since they were made, by number."""
    found = usage_reading.read(
        project_id=project.pk, slices=[Slice("usage_day", ORIGIN, now)], keys=("prompt_version",),
        filters=_filters(environment, prompt_names=[prompt_name], prompt_versions=numbers),
    )  # fmt: skip
    return {row.prompt_version: row for row in usage.rows_of(found)}


def call_counts(*, project: Project, now: datetime, environment: str = "") -> dict[str, int]:
    """Return how often each prompt was called in the last days, by name."""
    found = _summed("sum(span_count::float8)", _OF_MODELS, project, now, environment)
    return {name: int(calls) for name, calls in found if calls}


def costs_per_call(*, project: Project, now: datetime, environment: str = "") -> dict[str, float]:
    """Return what a call of each prompt cost on average in the last days, in dollars; without a known price, nothing."""
    sums = "sum(span_count::float8) - sum(unpriced_count::float8), sum(cost_nano_usd::float8)"
    found = _summed(sums, _OF_MODELS, project, now, environment)
    return {name: nano_usd / 1e9 / priced for name, priced, nano_usd in found if priced > 0}


def dislikes(*, project: Project, now: datetime, environment: str = "") -> dict[str, Rate]:
    """Return the thumbs down out of all thumbs of the last days, of each prompt that got one."""
    sums = "sum(thumbs_down::float8), sum((thumbs_up + thumbs_down)::float8)"
    found = _summed(sums, "(thumbs_up <> 0 OR thumbs_down <> 0)", project, now, environment)
    return {name: Rate(int(down), int(all_)) for name, down, all_ in found if down > 0}


def called_since(*, project: Project, since: datetime, environment: str = "") -> set[str]:
    """Return the names of the prompts that calls carried since then; days count as a whole."""
    query = """
        SELECT DISTINCT prompt_name FROM usage_day
        WHERE project_id = %s AND at >= %s AND prompt_name <> '' AND (%s = '' OR environment = %s)
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk, usage_periods.snap(since, step=_DAY), environment, environment])
        return {name for (name,) in cursor.fetchall()}


def _summed(sums: str, condition: str, project: Project, now: datetime, environment: str) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {"project": project.pk, "since": _days(now)[0], "environment": environment}
    with connection.cursor() as cursor:
        cursor.execute(_SUMMED.format(sums=sums, condition=condition), values)
        return list(cursor.fetchall())


def _days(now: datetime) -> list[datetime]:
    today = usage_periods.snap(now, step=_DAY)
    return [today - _DAY * back for back in reversed(range(DAYS))]


def _read(
    days: Sequence[datetime], now: datetime, project: Project, keys: tuple[Key, ...], filters: Filters, *,
    has_latency: bool = True,
) -> list[Sums]:  # fmt: skip
    part = Slice("usage_day", days[0], now)
    return usage_reading.read(
        project_id=project.pk, slices=[part], keys=keys, step=_DAY, has_latency=has_latency, filters=filters
    )


def _filters(
    environment: str, *, prompt_names: Sequence[str] | None = None, prompt_versions: Sequence[int] | None = None
) -> Filters:
    filters = Filters(environment=environment)
    if prompt_names is not None:
        filters["prompt_names"] = prompt_names
    if prompt_versions is not None:
        filters["prompt_versions"] = prompt_versions
    return filters
