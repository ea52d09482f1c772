"""The applications that call a prompt, what they fill into its blanks and how often, from a bounded look at real calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from monitoring import prompt_calls, trace_prompts, usage
from monitoring.kinds import Kind
from monitoring.models import Span
from monitoring.usage import Usage
from projects.models import Project
from prompt_registry.callers import NONE, WINDOW, Caller, Traffic

# However much traffic there is, at most this many traces are looked at and this many calls are read.
_TRACES = 4_800
_HOURS = 24
_VERSIONS = 10
_SERVICES = 20
_CALLS_PER_SERVICE = 6

# Every hour is looked at, so that an application that runs once a night is found beside one that never rests.
_NEWEST_OF_EACH_HOUR = """
    SELECT number, found.* FROM unnest(%(versions)s::int[]) number CROSS JOIN generate_series(0, %(hours)s - 1) hour
     CROSS JOIN LATERAL (
        SELECT service, environment, trace_id, min_day, max_day, started_at, input_tokens FROM trace
         WHERE project_id = %(project)s AND prompt_name = %(name)s AND prompt_version = number
           AND started_at > %(now)s - make_interval(hours => hour + 1) AND started_at <= %(now)s - make_interval(hours => hour)
         ORDER BY started_at DESC LIMIT %(each)s
     ) found
"""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One trace whose last call was made with the prompt."""

    version: int
    service: str
    environment: str
    trace_id: UUID
    min_day: date
    max_day: date
    started_at: datetime
    input_tokens: int


def find(project: Project, prompt_name: str, versions: Collection[int]) -> Traffic:
    """Return who called these versions in the last 24 hours; a call without a number may have been made with any."""
    now = timezone.now()
    counted = usage.by_prompt_version(project=project, start=now - WINDOW, end=now, prompt_name=prompt_name)
    used = [row for row in counted if row.call_count and row.prompt_version in {0, *versions}]
    if not used:
        return NONE
    seen = _seen(project, prompt_name, [row.prompt_version for row in used[:_VERSIONS]], now)
    total = usage.added(used)
    return Traffic(
        callers=tuple(_callers(project, prompt_name, seen, used)), call_count=total.call_count,
        input_tokens=total.input_tokens / total.call_count, output_tokens=total.output_tokens / total.call_count,
        cost_usd=total.cost_per_call_usd, model=_model(project, prompt_name, now),
        longest_input_tokens=prompt_calls.longest_input(
            project=project, prompt_name=prompt_name,
            traces={one.trace_id: (one.min_day, one.max_day, one.input_tokens) for one in seen},
        ),
    )  # fmt: skip


def _seen(project: Project, prompt_name: str, versions: list[int], now: datetime) -> list[_Seen]:
    values: dict[str, Any] = {
        "project": project.pk, "name": prompt_name, "versions": versions, "hours": _HOURS, "now": now,
        "each": _TRACES // (_HOURS * len(versions)),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_OF_EACH_HOUR, values)
        return [_Seen(*row) for row in cursor.fetchall()]


def _callers(project: Project, prompt_name: str, seen: list[_Seen], used: list[Usage]) -> Iterable[Caller]:
    if not seen:
        # The prompt is called in the middle of traces that end with another one, so nobody knows by whom.
        return [Caller(service="", call_count=sum(row.call_count for row in used))]
    by_service: dict[str, list[_Seen]] = defaultdict(list)
    for one in sorted(seen, key=lambda one: one.started_at, reverse=True):
        by_service[one.service].append(one)
    calls = _shares(seen, used)
    busiest = sorted(by_service, key=lambda service: (-calls[service], service))[:_SERVICES]
    variables = _variables(project, prompt_name, {service: by_service[service] for service in busiest})
    return [
        Caller(
            service=service, call_count=max(1, round(calls[service])), variables=variables.get(service),
            environments=tuple(sorted({one.environment for one in by_service[service] if one.environment})),
        )
        for service in busiest
    ]  # fmt: skip


def _shares(seen: list[_Seen], used: list[Usage]) -> dict[str, float]:
    """Return how many of the counted calls belong to each service, by its share of the traces that were looked at."""
    looked_at = Counter(one.version for one in seen)
    counted = {row.prompt_version: row.call_count for row in used}
    calls: dict[str, float] = defaultdict(float)
    for one in seen:
        calls[one.service] += counted.get(one.version, 0) / looked_at[one.version]
    return calls


def _variables(project: Project, prompt_name: str, by_service: dict[str, list[_Seen]]) -> dict[str, frozenset[str]]:
    """Return the blanks that each service fills; a service whose calls name none is left out."""
    services = {one.trace_id: service for service, seen in by_service.items() for one in _spread(seen)}
    chosen = [one for seen in by_service.values() for one in _spread(seen)]
    days = [day for one in chosen for day in (one.min_day, one.max_day)]
    spans = Span.objects.filter(
        project_id=project.pk, start_day__range=(min(days), max(days)), trace_id__in=list(services),
        prompt_name=prompt_name, kind=Kind.LLM,
    ).defer("input", "output", "events", "metadata")  # fmt: skip
    found: dict[str, set[str]] = defaultdict(set)
    for span in spans[: _SERVICES * _CALLS_PER_SERVICE * 5]:
        found[services[span.trace_id]].update(trace_prompts.variables_of(span))
    return {service: frozenset(names) for service, names in found.items() if names}


def _spread(seen: list[_Seen]) -> list[_Seen]:
    """Return a few calls of a service, the newest first and the others from all over the day."""
    step = max(1, len(seen) // _CALLS_PER_SERVICE)
    return seen[::step][:_CALLS_PER_SERVICE]


def _model(project: Project, prompt_name: str, now: datetime) -> str:
    rows: list[Any] = usage.by_model(project=project, start=now - WINDOW, end=now, prompt_name=prompt_name)
    return rows[0].model if rows else ""
