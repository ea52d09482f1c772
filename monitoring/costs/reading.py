"""What calls cost over some days beside the days before, read from the counters alone and cut in every way at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from monitoring import kinds
from monitoring.costs.days import Days
from monitoring.usage_periods import Slice
from projects.models import Project

CHARGED = tuple(int(kind) for kind in kinds.CHARGED)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What some calls added up to. Tokens read from the cache are part of the input, those of reasoning of the output."""

    call_count: int = 0
    unpriced_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano_usd: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def cost_usd(self) -> float | None:
        """Money spent on the calls with a known price; None when no call has one."""
        if self.call_count and not self.cost_nano_usd and self.unpriced_count >= self.call_count:
            return None
        return self.cost_nano_usd / 1e9

    @property
    def per_thousand_usd(self) -> float | None:
        """What 1,000 calls cost, of those whose price is known."""
        priced = self.call_count - self.unpriced_count
        return self.cost_nano_usd / 1e6 / priced if priced > 0 else None

    @property
    def fresh_tokens(self) -> int:
        """What was sent and not found in the provider's cache."""
        return max(0, self.input_tokens - self.cache_read_tokens)

    @property
    def answer_tokens(self) -> int:
        """What was answered, without the reasoning that nobody sees."""
        return max(0, self.output_tokens - self.reasoning_tokens)

    @property
    def token_count(self) -> int:
        return self.fresh_tokens + self.cache_read_tokens + self.answer_tokens + self.reasoning_tokens

    @property
    def cached_share(self) -> float | None:
        """How much of the input came from the cache."""
        whole = self.fresh_tokens + self.cache_read_tokens
        return self.cache_read_tokens / whole if whole else None

    @property
    def reasoning_share(self) -> float | None:
        """How much of the output was reasoning."""
        whole = self.answer_tokens + self.reasoning_tokens
        return self.reasoning_tokens / whole if whole else None


NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class Line:
    """The calls that have a value in common, beside the days before."""

    value: str
    now: Amounts
    before: Amounts = NOTHING
    # Only for versions: the number, 0 when the calls name none.
    version: int = 0


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which calls count; an empty text leaves all in."""

    environment: str = ""
    prompt: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Some days beside the days before, as a whole and cut; the lines that cost most come first."""

    days: Days
    total: Amounts
    before: Amounts
    per_day: list[tuple[date, Amounts]]
    prompts: list[Line]
    versions: list[Line]
    models: list[Line]
    environments: list[Line]

    @property
    def unpriced_models(self) -> list[Line]:
        """The models with calls whose price nobody knows, those with most such calls first."""
        unpriced = [line for line in self.models if line.now.unpriced_count]
        return sorted(unpriced, key=lambda line: -line.now.unpriced_count)


_COUNTERS = (
    "span_count", "unpriced_count", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "cost_nano_usd",
)  # fmt: skip
_SUMS = ", ".join(f"sum({name})::bigint" for name in _COUNTERS)
_PART = f"""
    SELECT at >= %s AS is_now, (at AT TIME ZONE 'UTC')::date AS day, prompt_name, prompt_version, model, environment,
           {", ".join(_COUNTERS)}
      FROM {{table}} WHERE project_id = %s AND at >= %s AND at < %s AND kind = ANY(%s){{narrowed}}
"""
# Which keys a row is not cut by, as bits: day, prompt, version, model, environment.
_WHOLE, _BY_DAY, _BY_PROMPT, _BY_VERSION, _BY_MODEL, _BY_ENVIRONMENT = 31, 15, 23, 19, 29, 30
_CUT = f"""
    SELECT grouping(day, prompt_name, prompt_version, model, environment), is_now, day, prompt_name, prompt_version, model,
           environment, {_SUMS}
      FROM ({{parts}}) calls
     GROUP BY GROUPING SETS ((is_now), (is_now, day), (is_now, prompt_name), (is_now, prompt_name, prompt_version),
           (is_now, model), (is_now, environment))
"""

Row = tuple[Any, ...]


def report(*, project: Project, days: Days, narrowed: Narrowed = Narrowed()) -> Report:
    """Return everything about the costs of some days that the counters know."""
    rows = _rows(project, [*days.slices_before, *days.slices], days.start, narrowed)
    per_day = {row[2]: Amounts(*row[7:]) for row in rows if row[0] == _BY_DAY and row[1]}
    whole = {row[1]: Amounts(*row[7:]) for row in rows if row[0] == _WHOLE}
    return Report(
        days=days, total=whole.get(True, NOTHING), before=whole.get(False, NOTHING),
        per_day=[(day, per_day.get(day, NOTHING)) for day in days.dates],
        prompts=_lines(rows, _BY_PROMPT, lambda row: (row[3], 0)), versions=_lines(rows, _BY_VERSION, lambda row: (row[3], row[4])),
        models=_lines(rows, _BY_MODEL, lambda row: (row[5], 0)),
        environments=_lines(rows, _BY_ENVIRONMENT, lambda row: (row[6], 0)),
    )  # fmt: skip


def per_day(
    *, project: Project, start: datetime, end: datetime, narrowed: Narrowed = Narrowed()
) -> dict[date, Amounts]:  # fmt: skip
    """Return what the calls of each day added up to; days without a call are left out."""
    rows = _rows(project, [Slice("usage_day", start, end)], start, narrowed)
    return {row[2]: Amounts(*row[7:]) for row in rows if row[0] == _BY_DAY}


def per_day_and_model(*, project: Project, first: date, last: date) -> dict[tuple[date, str], Amounts]:
    """Return what the calls of each day and model added up to, from one day to another, both included."""
    query = f"""
        SELECT (at AT TIME ZONE 'UTC')::date, model, {_SUMS} FROM usage_day
         WHERE project_id = %s AND at >= %s AND at < %s::timestamptz + interval '1 day' AND kind = ANY(%s) GROUP BY 1, 2
    """
    start, end = (datetime.combine(day, datetime.min.time(), UTC) for day in (first, last))
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk, start, end, list(CHARGED)])
        return {(day, model): Amounts(*sums) for day, model, *sums in cursor.fetchall()}


def _rows(project: Project, slices: Sequence[Slice], split: datetime, narrowed: Narrowed) -> list[Row]:
    wanted = {"environment": narrowed.environment, "prompt_name": narrowed.prompt, "model": narrowed.model}
    named = {column: value for column, value in wanted.items() if value}
    condition = "".join(f" AND {column} = %s" for column in named)
    parts = [_PART.format(table=part.table, narrowed=condition) for part in slices]
    values: list[Any] = []
    for part in slices:
        values += [split, project.pk, part.start, part.end, list(CHARGED), *named.values()]
    with connection.cursor() as cursor:
        cursor.execute(_CUT.format(parts=" UNION ALL ".join(parts)), values)
        return list(cursor.fetchall())


def _lines(rows: Iterable[Row], cut: int, key: Callable[[Row], tuple[str, int]]) -> list[Line]:
    found: dict[tuple[str, int], dict[bool, Amounts]] = {}
    for row in rows:
        if row[0] == cut:
            found.setdefault(key(row), {})[row[1]] = Amounts(*row[7:])
    lines = [
        Line(value, both.get(True, NOTHING), both.get(False, NOTHING), version)
        for (value, version), both in found.items()
    ]
    seen = [line for line in lines if line.now.call_count]
    return sorted(seen, key=lambda line: (-line.now.cost_nano_usd, -line.now.call_count, line.value, line.version))
