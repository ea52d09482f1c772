"""How prompts do: calls, thumbs, speed and price per prompt and per version, from the counters of whole days alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from monitoring import usage, usage_periods, usage_reading
from monitoring.kinds import Kind
from monitoring.usage import Usage
from monitoring.usage_periods import ORIGIN, Slice
from monitoring.usage_reading import Filters
from projects.models import Project

_DAY = timedelta(days=1)
# What a list shows: two weeks level out the days of the week and hold enough ratings to say something.
DAYS = 14

# Floating-point sums are exact far beyond these counts, and much cheaper than those of large whole numbers.
_TOTALS = """
    SELECT prompt_name, sum(span_count::float8) FILTER (WHERE kind = %(llm)s),
           sum(unpriced_count::float8) FILTER (WHERE kind = %(llm)s),
           sum(cost_nano_usd::float8) FILTER (WHERE kind = %(llm)s), sum(thumbs_up::float8), sum(thumbs_down::float8)
    FROM usage_day
    WHERE project_id = %(project)s AND at >= %(since)s AND prompt_name <> ''
      AND (%(environment)s = '' OR environment = %(environment)s)
    GROUP BY prompt_name
"""


@dataclass(frozen=True, slots=True)
class PromptUsage:
    """What the calls of a prompt added up to, and how many there were on each day, the last one unfinished."""

    total: Usage
    calls_per_day: tuple[int, ...]


def of_prompts(
    *, project: Project, names: Sequence[str], now: datetime, environment: str = ""
) -> dict[str, PromptUsage]:
    """Return the numbers of the last days of some prompts, by name; prompts without calls are left out."""
    days = _days(now)
    found = usage_reading.read(
        project_id=project.pk, slices=[_slice(days, now)], keys=("prompt_name", "bucket"), step=_DAY,
        filters=_filters(environment, prompt_names=names),
    )  # fmt: skip
    by_name: dict[str, list[Usage]] = {}
    for row in usage.rows_of(found):
        by_name.setdefault(row.prompt_name, []).append(row)
    return {name: _prompt_usage(name, rows, days) for name, rows in by_name.items()}


def of_versions(
    *, project: Project, prompt_name: str, numbers: Sequence[int], now: datetime, environment: str = ""
) -> dict[int, Usage]:
    """Return what the calls of some versions added up to since they were made, by number."""
    found = usage_reading.read(
        project_id=project.pk, slices=[Slice("usage_day", ORIGIN, now)], keys=("prompt_version",),
        filters=_filters(environment, prompt_names=[prompt_name], prompt_versions=numbers),
    )  # fmt: skip
    return {row.prompt_version: row for row in usage.rows_of(found)}


def totals(*, project: Project, now: datetime, environment: str = "") -> dict[str, Usage]:
    """Return the sums of the last days of every prompt that was called, without tokens and latency; to order by."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TOTALS, {"project": project.pk, "since": _days(now)[0], "environment": environment, "llm": Kind.LLM}
        )
        return {name: _total(name, *(int(value or 0) for value in sums)) for name, *sums in cursor.fetchall()}


def called_since(*, project: Project, since: datetime, environment: str = "") -> set[str]:
    """Return the names of the prompts that calls carried since then; days count as a whole."""
    query = """
        SELECT DISTINCT prompt_name FROM usage_day
        WHERE project_id = %s AND at >= %s AND prompt_name <> '' AND (%s = '' OR environment = %s)
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk, usage_periods.snap(since, step=_DAY), environment, environment])
        return {name for (name,) in cursor.fetchall()}


def _prompt_usage(name: str, rows: Iterable[Usage], days: Sequence[datetime]) -> PromptUsage:
    per_day = {row.at: row for row in rows}
    return PromptUsage(
        total=usage.added(per_day.values(), prompt_name=name),
        calls_per_day=tuple(per_day[day].call_count if day in per_day else 0 for day in days),
    )


def _total(name: str, calls: int, unpriced: int, cost_nano_usd: int, thumbs_up: int, thumbs_down: int) -> Usage:
    return Usage(
        prompt_name=name, call_count=calls, unpriced_count=unpriced, cost_nano_usd=cost_nano_usd,
        thumbs_up=thumbs_up, thumbs_down=thumbs_down,
    )  # fmt: skip


def _days(now: datetime) -> list[datetime]:
    today = usage_periods.snap(now, step=_DAY)
    return [today - _DAY * back for back in reversed(range(DAYS))]


def _slice(days: Sequence[datetime], now: datetime) -> Slice:
    return Slice("usage_day", days[0], now)


def _filters(
    environment: str, *, prompt_names: Sequence[str] | None = None, prompt_versions: Sequence[int] | None = None
) -> Filters:
    filters = Filters(environment=environment)
    if prompt_names is not None:
        filters["prompt_names"] = prompt_names
    if prompt_versions is not None:
        filters["prompt_versions"] = prompt_versions
    return filters
