"""The single calls behind the times: those of a stretch of time that took so long, the outliers, and times by answer length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.analysis.flags import Flag
from monitoring.models import span_hex
from projects.models import Project

MOST_LISTED = 50
# So many of the newest calls are looked at where every one would have to be.
MOST_READ = 20_000
# Answers with at most so many tokens belong together; the last group has no end.
TOKEN_EDGES = (50, 200, 500, 1_000, 2_000)
_SLOW = int(Flag.SLOW | Flag.LATE_START)
_COLUMNS = """
    trace_id, span_id, call_at, duration_ns, ttft_ns, output_tokens, prompt_name, prompt_version, model, flags, text
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls are asked about; empty values leave all in."""

    project: Project
    start: datetime
    end: datetime
    least_ms: float = 0.0
    most_ms: float = 0.0
    environment: str = ""
    prompt: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class ListedCall:
    """One call as a list shows it."""

    trace_id: UUID
    span_id: int
    at: datetime
    duration_ns: int
    ttft_ns: int | None
    output_tokens: int | None
    prompt_name: str
    prompt_version: int
    model: str
    flags: int
    text: str

    @property
    def span_hex(self) -> str:
        return span_hex(self.span_id)

    @property
    def duration_ms(self) -> float:
        return self.duration_ns / 1e6

    @property
    def ttft_ms(self) -> float | None:
        return None if self.ttft_ns is None else self.ttft_ns / 1e6


@dataclass(frozen=True, slots=True)
class LengthGroup:
    """The calls whose answers have from `least` to `most` tokens; no end: no `most`."""

    least: int
    most: int | None
    call_count: int
    answer_ms: tuple[float, float, float]
    first_token_ms: tuple[float, float, float] | None


def behind(wanted: Wanted) -> list[ListedCall]:
    """Return the newest of the calls, one more than are listed when there are more."""
    where, values = _where(wanted)
    return _calls(f"WHERE {where} ORDER BY call_at DESC, trace_id, span_id LIMIT %(limit)s", values)


def outliers(wanted: Wanted) -> list[ListedCall]:
    """Return the slowest of the calls that were found to be far slower than others like them."""
    where, values = _where(wanted)
    # Flags differ from nothing in few calls: an index holds exactly those.
    where = f"{where} AND flags <> 0 AND flags & %(slow)s <> 0"
    return _calls(f"WHERE {where} ORDER BY duration_ns DESC, trace_id, span_id LIMIT %(limit)s", values)


def slowest(wanted: Wanted) -> list[ListedCall]:
    """Return the slowest of the newest calls."""
    where, values = _where(wanted)
    newest = f"SELECT {_COLUMNS} FROM call_analysis WHERE {where} ORDER BY call_at DESC LIMIT %(read)s"
    query = f"SELECT * FROM ({newest}) newest ORDER BY duration_ns DESC, trace_id, span_id LIMIT %(limit)s"
    return [ListedCall(*row) for row in _rows(query, values)]


def by_answer_length(wanted: Wanted) -> list[LengthGroup]:
    """Return the times of the newest calls by the length of their answers: half, 95 and 99 of 100 are within them."""
    where, values = _where(wanted)
    query = f"""
        SELECT width_bucket(output_tokens, %(edges)s), count(*),
               percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ns),
               percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY ttft_ns)
        FROM (SELECT output_tokens, duration_ns, ttft_ns FROM call_analysis WHERE {where}
               ORDER BY call_at DESC LIMIT %(read)s) newest
        WHERE output_tokens IS NOT NULL GROUP BY 1 ORDER BY 1
    """
    return [_group(*row) for row in _rows(query, values | {"edges": [edge + 1 for edge in TOKEN_EDGES]})]


def _group(place: int, count: int, answer_ns: list[int], first_ns: list[int] | None) -> LengthGroup:
    edges = (-1, *TOKEN_EDGES)
    return LengthGroup(
        least=edges[place] + 1, most=edges[place + 1] if place + 1 < len(edges) else None, call_count=count,
        answer_ms=_three_ms(answer_ns), first_token_ms=_three_ms(first_ns) if first_ns else None,
    )  # fmt: skip


def _three_ms(values: list[Any]) -> tuple[float, float, float]:
    half, most, nearly_all = (value / 1e6 for value in values)
    return half, most, nearly_all


def _calls(condition: str, values: dict[str, Any]) -> list[ListedCall]:
    return [ListedCall(*row) for row in _rows(f"SELECT {_COLUMNS} FROM call_analysis {condition}", values)]


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _where(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    conditions = ["project_id = %(project)s", "call_at >= %(start)s", "call_at < %(end)s"]
    if wanted.least_ms:
        conditions.append("duration_ns > %(least)s")
    if wanted.most_ms:
        conditions.append("duration_ns <= %(most)s")
    names = {"environment": wanted.environment, "prompt_name": wanted.prompt, "model": wanted.model}
    conditions += [f"{name} = %({name})s" for name, value in names.items() if value]
    return " AND ".join(conditions), names | {
        "project": wanted.project.pk, "start": wanted.start, "end": wanted.end, "least": int(wanted.least_ms * 1e6),
        "most": int(wanted.most_ms * 1e6), "slow": _SLOW, "limit": MOST_LISTED + 1, "read": MOST_READ,
    }  # fmt: skip
