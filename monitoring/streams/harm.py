"""Ranks what is wrong by the harm it does: bad calls a week above what is usual, at least, by severity (METHODS C6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection

from monitoring.streams import call_columns, candidates, families, hours
from monitoring.streams.call_columns import Columns
from monitoring.streams.candidates import Finding
from monitoring.streams.families import Calls, Part, Region
from monitoring.streams.scopes import DEAR, DISLIKED, SIGNALS, Scope

WINDOW = timedelta(days=7)
# Calls and bad calls by names and signal.
_Past = Mapping[tuple[tuple[str, ...], str], tuple[int, int]]
# What a prompt or model was like before: three weeks.
_BEFORE = timedelta(days=21)
_FEWEST_BEFORE = 300
SEVERITY: Mapping[str, float] = {
    "failed": 3, "unsupported": 3, "contradicted": 3, "toxic": 3, "leaked_data": 3, "empty": 3, DISLIKED: 2, "refused": 2,
    "cut_off": 2, "wrong_language": 2, "bad_format": 2, "frustrated": 2, "hidden_instruction": 2, "slow": 1, "late_start": 1,
    DEAR: 1, "long_winded": 1, "repeated": 1, "asked_again": 1, "injection": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Harm:
    """One part of the traffic with one thing wrong, over the last seven days."""

    scope: Scope
    calls: int
    bad: int
    users: int
    usual_rate: float
    # Severity × bad calls above what is usual, at least; with those of `also`.
    harm: float
    p_value: float
    is_significant: bool
    times_at_least: float = 1.0
    # Where within the scope it shows most.
    part: Part | None = None
    # What else is wrong with the same part of the traffic.
    also: tuple[Scope, ...] = ()


def rank(*, project_id: int, now: datetime) -> list[Harm]:
    """Return what is wrong, the most harmful first; each problem once. Those that are not significant come last."""
    calls, times = _calls(project_id, now)
    if not len(calls):
        return []
    found = merged(candidates.findings(calls, signals=SIGNALS), times=times)
    return sorted(found, key=lambda one: (not one.is_significant, -one.harm))


def of(*, project_id: int, scope: Scope, now: datetime) -> Harm | None:
    """Return how much harm one scope does now, beside the other calls of its prompt; None when it has no calls."""
    is_narrow = bool(scope.cluster_id or scope.model or scope.environment)
    calls, times = _calls(project_id, now, prompt_name=scope.prompt_name if is_narrow else "")
    is_in = families.members(calls, Region(scope.cluster_id, scope.prompt_name, scope.model, scope.environment))
    rate, others = candidates.usual(calls, signal=scope.signal, is_in=is_in, is_by_prompt=is_narrow)
    if not others:
        rate, others = _past_rate(project_id, scope, now)
    found = candidates.one(calls, signal=scope.signal, is_in=is_in, other_rate=rate, other_calls=others)
    return None if found is None else _harm(scope, found, times)


def merged(findings: Sequence[Finding], *, times: float = 1.0) -> list[Harm]:
    """Return the findings as harms; those about the same part of the traffic become one, under the most telling signal."""
    by_region: dict[Region, list[Finding]] = {}
    for finding in findings:
        by_region.setdefault(finding.region, []).append(finding)
    return [_together(region, group, times) for region, group in by_region.items()]


def _together(region: Region, group: Sequence[Finding], times: float) -> Harm:
    sure = [finding for finding in group if finding.is_significant]
    head, *rest = sure or group[:1]
    signals = [signal for finding in sure or group[:1] for signal in (finding.signal, *finding.also)]
    scopes = dict.fromkeys(_scope(signal, region) for signal in signals if signal != head.signal)
    first = _harm(_scope(head.signal, region), head, times)
    # The same signal again is another part of the same: its calls were not counted yet.
    more = [finding for finding in rest if finding.signal == head.signal]
    bad = first.bad + round(sum(finding.bad for finding in more) * times)
    harm = first.harm + sum(_harm(first.scope, finding, times).harm for finding in rest)
    return Harm(
        first.scope, first.calls, bad, max(first.users, *(finding.users for finding in group)), first.usual_rate, harm,
        first.p_value, first.is_significant, first.times_at_least, first.part, tuple(scopes),
    )  # fmt: skip


def _scope(signal: str, region: Region) -> Scope:
    return Scope(signal, region.cluster_id, region.prompt_name, region.model, region.environment)


def _harm(scope: Scope, finding: Finding, times: float) -> Harm:
    return Harm(
        scope, round(finding.calls * times), round(finding.bad * times), finding.users, finding.usual_rate,
        SEVERITY.get(scope.signal, 1) * finding.excess * times, finding.p_value, finding.is_significant,
        finding.times_at_least, finding.part,
    )  # fmt: skip


def _calls(project_id: int, now: datetime, *, prompt_name: str = "") -> tuple[Calls, float]:
    """Return the calls of the window, and how many each stands for."""
    condition, values = Scope(DISLIKED, prompt_name=prompt_name).calls()
    columns = call_columns.load(
        project_id=project_id, since=now - WINDOW, until=now, condition=condition, values=values
    )
    return _as_calls(
        columns, _past(project_id, now, "prompt_name"), _past(project_id, now, "prompt_name", "model")
    ), columns.times


def _as_calls(columns: Columns, past_of_prompt: _Past, past_of_model: _Past) -> Calls:
    numbers, names = columns.numbers, columns.names
    prompts, models = ({name: place for place, name in enumerate(names[column])} for column in ("prompt_name", "model"))
    return Calls(
        numbers["cluster"], numbers["prompt_name"], numbers["model"], numbers["environment"], numbers["prompt_version"],
        numbers["at"] % 24, numbers["retrieval"], numbers["unit"], numbers["conversation"],
        {signal: np.flatnonzero(columns.is_bad(signal)) for signal in SIGNALS},
        names["prompt_name"], names["model"], names["environment"], names["retrieval"],
        {
            (prompts[name], signal): counts
            for ((name,), signal), counts in past_of_prompt.items() if name in prompts
        },
        {
            (prompts[name], models[model], signal): counts
            for ((name, model), signal), counts in past_of_model.items() if name in prompts and model in models
        },
    )  # fmt: skip


def _past(project_id: int, now: datetime, *columns: str) -> _Past:
    """Return calls and bad calls of each prompt, or prompt and model, in the three weeks before the window, where there were enough."""
    sums = ", ".join(f"sum({hours.bad_count(signal)})::bigint" for signal in SIGNALS)
    named = ", ".join(f"a.{column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {named}, sum(a.call_count)::bigint, {sums} FROM flag_hour a
                 WHERE a.project_id = %s AND a.at >= %s AND a.at < %s GROUP BY {named}
                HAVING sum(a.call_count) >= %s""",
            [project_id, now - WINDOW - _BEFORE, now - WINDOW, _FEWEST_BEFORE],
        )
        found = cursor.fetchall()
    width = len(columns)
    return {
        (row[:width], signal): (row[width], bad)
        for row in found
        for signal, bad in zip(SIGNALS, row[width + 1 :], strict=True)
    }


def _past_rate(project_id: int, scope: Scope, now: datetime) -> tuple[float, int]:
    past = hours.series(project_id=project_id, scope=scope, since=now - WINDOW - _BEFORE, until=now - WINDOW)
    calls, bad = sum(hour.calls for hour in past), sum(hour.bad for hour in past)
    return (bad + 0.5) / (calls + 1.0), calls
