"""Calls to look at: few of many, as different as possible, with what was found in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring import trace_messages
from monitoring.analysis import surroundings, texts
from monitoring.analysis.texts import Parts
from monitoring.issues import variety, windows
from monitoring.issues.membership import Condition, Membership
from monitoring.models import Span, span_hex

_LOOKED_AT = 200
# Many of the newest calls ask the same.
_LOOKED_AT_FOR_ONE = 5
_MOST_CHARS = 2_000
_CANDIDATES = f"""
    SELECT a.trace_id, a.span_id, a.start_day, a.call_at, a.text, a.findings, a.user_id, a.prompt_version, a.model,
           a.embedding_version, halfvec_send(a.embedding)
      FROM call_analysis a
     WHERE {windows.BETWEEN} AND ({{condition}})
     ORDER BY a.call_at DESC, a.trace_id, a.span_id LIMIT %(limit)s
"""
# A vector of half floats as PostgreSQL sends it: its length and an unused number, two bytes each, then the values.
_HEADER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Highlight:
    """Words that made a detector speak: in which part of the call, from where to where, and why."""

    part: str
    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """One call: what was asked, what was answered or went wrong, and what was found in it. All of it is hostile text."""

    trace_id: str
    span_id: str
    start_day: date
    at: datetime
    user_id: str
    prompt_version: int
    model: str
    asked: str
    answered: str
    context: str
    error: str
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    trace_id: UUID
    span_id: int
    start_day: date
    at: datetime
    text: str
    findings: str | None
    user_id: str
    prompt_version: int
    model: str
    embedding_version: str
    vector: bytes | None


def bad(*, project_id: int, of: Membership, since: datetime, until: datetime, most: int) -> list[Example]:
    """Return bad calls of an issue, as different as possible."""
    return _shown(project_id, _chosen(project_id, of.bad(), since, until, most), of.signals)


def good(*, project_id: int, of: Membership, since: datetime, until: datetime, most: int) -> list[Example]:
    """Return calls of the same part of the traffic that nothing is wrong with."""
    condition, problem = of.traffic(), of.bad()
    fine = Condition(f"({condition.sql}) AND a.flags = 0 AND NOT ({problem.sql})", condition.values | problem.values)
    return _shown(project_id, _chosen(project_id, fine, since, until, most), ())


def _chosen(project_id: int, condition: Condition, since: datetime, until: datetime, most: int) -> list[_Candidate]:
    values: dict[str, Any] = {
        "project": project_id,
        "since": since,
        "until": until,
        "limit": max(_LOOKED_AT, most * _LOOKED_AT_FOR_ONE),
    } | condition.values
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(condition=condition.sql), values)
        found = [_Candidate(*row) for row in cursor.fetchall()]
    found = _first_of_each(found, most=most)
    versions = {one.embedding_version for one in found if one.vector is not None}
    alike = [one for one in found if one.vector is not None and one.embedding_version == max(versions)]
    if len(alike) < most:
        return found[:most]
    return [alike[place] for place in variety.furthest_first(_vectors(alike), most=most)]


def _first_of_each(found: Sequence[_Candidate], *, most: int) -> list[_Candidate]:
    """Return the newest call of each question and each person; when those are too few, the next ones after them.

    Five examples of one user would all show the same, and a question that was asked fifty times is worth one item of a dataset.
    """
    questions, persons = set[str](), set[str]()
    tiers: list[list[_Candidate]] = [[], [], [], []]
    for one in found:
        person = one.user_id or one.trace_id.hex
        tiers[2 * (one.text in questions) + (person in persons)].append(one)
        questions.add(one.text)
        persons.add(person)
    first, *others = tiers
    return first if len(first) >= most else [*first, *chain(*others)][:most]


def _shown(project_id: int, chosen: Sequence[_Candidate], signals: Sequence[str]) -> list[Example]:
    spans = {
        (span.trace_id, span.span_id): span
        for span in Span.objects.filter(
            project_id=project_id, start_day__in={one.start_day for one in chosen},
            trace_id__in={one.trace_id for one in chosen}, span_id__in={one.span_id for one in chosen},
        )
    }  # fmt: skip
    around = dict(zip(spans, surroundings.of_calls(list(spans.values())), strict=True))
    parts = {key: texts.parts(span, around[key]) for key, span in spans.items()}
    return [_example(one, parts.get((one.trace_id, one.span_id)), signals) for one in chosen]


def _example(one: _Candidate, parts: Parts | None, signals: Sequence[str]) -> Example:
    parts = parts or Parts(one.text, "", "", "")
    return Example(
        one.trace_id.hex, span_hex(one.span_id), one.start_day, one.at, one.user_id, one.prompt_version, one.model,
        asked=parts.input[:_MOST_CHARS] or one.text, answered=parts.output[:_MOST_CHARS],
        context=parts.context[:_MOST_CHARS], error=parts.error[:_MOST_CHARS],
        highlights=tuple(_highlights(trace_messages.loaded(one.findings), signals)),
    )  # fmt: skip


def _highlights(findings: Any, signals: Sequence[str]) -> list[Highlight]:
    found = []
    for signal in signals if isinstance(findings, dict) else ():
        finding = findings.get(signal)
        for place in finding.get("evidence", []) if isinstance(finding, dict) else []:
            part, start, end, why = place
            if 0 <= start < end <= _MOST_CHARS:
                found.append(Highlight(str(part), int(start), int(end), str(why)))
    return found


def _vectors(some: Sequence[_Candidate]) -> NDArray[np.float32]:
    halves = [np.frombuffer(bytes(one.vector or b""), dtype=">f2", offset=_HEADER_BYTES) for one in some]
    return np.stack(halves).astype(np.float32)
