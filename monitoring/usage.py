"""What the calls of a project added up to: counts, latency, money and thumbs, read from the usage tables alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Unpack
from uuid import UUID

from django.db import connection

from monitoring import usage_latency, usage_periods, usage_reading
from monitoring.usage_latency import Histogram
from monitoring.usage_periods import Period
from monitoring.usage_rates import Rate
from monitoring.usage_reading import Filters, Key, Sums
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Usage:
    """What a set of calls added up to; the keys on top say which set, as far as it was cut that way."""

    at: datetime | None = None
    prompt_name: str = ""
    prompt_version: int = 0
    model: str = ""
    rollout_id: UUID | None = None
    # monitoring.kinds.Arm
    arm: int = 0
    call_count: int = 0
    error_count: int = 0
    unpriced_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0
    latency: Histogram = field(default=usage_latency.EMPTY, repr=False, compare=False)

    @property
    def p50_ms(self) -> float | None:
        return self.latency.percentile_ms(0.50)

    @property
    def p95_ms(self) -> float | None:
        return self.latency.percentile_ms(0.95)

    @property
    def p99_ms(self) -> float | None:
        return self.latency.percentile_ms(0.99)

    @property
    def cost_usd(self) -> float | None:
        """Money spent on the calls with a known price; None when no call has one."""
        if self.call_count and self.unpriced_count >= self.call_count:
            return None
        return self.cost_nano_usd / 1e9

    @property
    def cost_per_call_usd(self) -> float | None:
        """The mean price of the calls whose price is known."""
        priced = self.call_count - self.unpriced_count
        return self.cost_nano_usd / 1e9 / priced if priced > 0 else None

    @property
    def token_count(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def errors(self) -> Rate:
        """Failed calls out of all calls."""
        return Rate(self.error_count, self.call_count)

    @property
    def dislikes(self) -> Rate:
        """Thumbs down out of all thumbs."""
        return Rate(self.thumbs_down, self.thumbs_up + self.thumbs_down)

    @property
    def responses(self) -> Rate:
        """Thumbs, up or down, out of all calls."""
        return Rate(self.thumbs_up + self.thumbs_down, self.call_count)


_COUNTERS = (
    "call_count", "error_count", "unpriced_count", "input_tokens", "output_tokens", "cost_nano_usd", "thumbs_up", "thumbs_down",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """One period beside the period before it, as a whole and cut by time, prompt version and model."""

    period: Period
    total: Usage
    total_before: Usage
    points: list[Usage]
    versions: list[Usage]
    versions_before: dict[tuple[str, int], Usage]
    models: list[Usage]
    models_before: dict[str, Usage]


def totals(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> Usage:
    """Return what a time range added up to; its start is moved back to the edge of a bucket."""
    return _cut(project, start, end, (), filters)[0]


def series(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> list[Usage]:
    """Return one sum per bucket of the time range, empty ones included."""
    return _points(project, usage_periods.fit(start, end), filters)


def by_prompt_version(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> list[Usage]:
    """Return one sum per prompt version, most calls first; calls without a prompt have an empty name."""
    return _cut(project, start, end, ("prompt_name", "prompt_version"), filters)


def by_model(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> list[Usage]:
    """Return one sum per model, most calls first."""
    return _cut(project, start, end, ("model",), filters)


def by_arm(
    *, project: Project, start: datetime, end: datetime, rollouts: Sequence[UUID], **filters: Unpack[Filters]
) -> dict[tuple[UUID | None, int], Usage]:
    """Return one sum for each arm of some rollouts, by the rollout and the arm."""
    if not rollouts:
        return {}
    rows = _cut(project, start, end, ("rollout_id", "arm"), {**filters, "rollout_ids": rollouts})
    return {(row.rollout_id, row.arm): row for row in rows}


def by_prompt(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> list[Usage]:
    """Return one sum per prompt name, most calls first, without the calls that name no prompt."""
    return [row for row in _cut(project, start, end, ("prompt_name",), filters) if row.prompt_name]


def report(*, project: Project, start: datetime, end: datetime, **filters: Unpack[Filters]) -> Report:
    """Return everything the overview shows."""
    period = usage_periods.fit(start, end)
    before = period.before()
    found = usage_reading.read(
        project_id=project.pk, slices=[*before.slices, *period.slices], split=period.start, filters=filters,
        keys=("is_last", "prompt_name", "prompt_version", "model"),
    )  # fmt: skip
    now = [_usage(group) for group in found if group.keys["is_last"]]
    earlier = [_usage(group) for group in found if not group.keys["is_last"]]
    return Report(
        period=period,
        total=added(now),
        total_before=added(earlier),
        points=_points(project, period, filters),
        versions=_busiest_first(_by(now, "prompt_name", "prompt_version").values()),
        versions_before=_by(earlier, "prompt_name", "prompt_version"),
        models=_busiest_first(_by(now, "model").values()),
        models_before={row.model: row for row in _by(earlier, "model").values()},
    )


def seen_names(*, project: Project, since: timedelta, now: datetime) -> tuple[list[str], list[str]]:
    """Return the prompt names and the models that calls of the last days carried, in alphabetical order."""
    query = """
        SELECT array_agg(DISTINCT prompt_name) FILTER (WHERE prompt_name <> ''),
               array_agg(DISTINCT model) FILTER (WHERE model <> '')
        FROM usage_day WHERE project_id = %s AND at >= %s
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk, usage_periods.snap(now - since, step=timedelta(days=1))])
        prompts, models = cursor.fetchone() or (None, None)
    return prompts or [], models or []


def _cut(project: Project, start: datetime, end: datetime, keys: tuple[Key, ...], filters: Filters) -> list[Usage]:
    slices = usage_periods.fit(start, end).slices
    found = usage_reading.read(project_id=project.pk, slices=slices, keys=keys, filters=filters)
    return _busiest_first(_usage(group) for group in found)


def _points(project: Project, period: Period, filters: Filters) -> list[Usage]:
    found = usage_reading.read(
        project_id=project.pk, slices=[period.whole], keys=("bucket",), step=period.step, filters=filters
    )
    known = {group.keys["bucket"]: _usage(group) for group in found}
    return [known.get(moment, Usage(at=moment)) for moment in period.moments]


def rows_of(found: Iterable[Sums]) -> list[Usage]:
    """Return what was read, as sums with their keys."""
    return [_usage(group) for group in found]


def _usage(group: Sums) -> Usage:
    keys = {"at" if name == "bucket" else name: value for name, value in group.keys.items() if name != "is_last"}
    return Usage(**keys, **group.counters, latency=group.latency)


def added(rows: Iterable[Usage], **keys: Any) -> Usage:
    """Return the sum of several sums, under the keys given."""
    totals: dict[str, Any] = dict.fromkeys(_COUNTERS, 0)
    counts = usage_latency.EMPTY.counts
    for row in rows:
        counts = counts + row.latency.counts
        for name in _COUNTERS:
            totals[name] += getattr(row, name)
    return Usage(**keys, **totals, latency=Histogram(counts))


def _by(rows: Iterable[Usage], *names: str) -> dict[Any, Usage]:
    """Return one sum for each combination of some of the keys."""
    gathered: dict[Hashable, list[Usage]] = {}
    for row in rows:
        gathered.setdefault(tuple(getattr(row, name) for name in names), []).append(row)
    return {key: added(members, **dict(zip(names, key, strict=True))) for key, members in gathered.items()}  # type: ignore[call-overload]


def _busiest_first(rows: Iterable[Usage]) -> list[Usage]:
    return sorted(rows, key=lambda row: (-row.call_count, row.prompt_name, -row.prompt_version, row.model))
