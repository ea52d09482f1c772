"""What happened in a trace around its calls: the documents that were found for an answer, and the tools that failed."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from monitoring.kinds import Kind, Status
from monitoring.models import Span

# Of a trace with a thousand steps the last ones are what an answer rests on.
_MOST_STEPS, _MOST_DOCUMENTS = 40, 50
_MOST_CHARS = 24_000
_KINDS = [int(Kind.RETRIEVER), int(Kind.TOOL), int(Kind.RERANKER)]
_CONTENT = ("content", "page_content", "pageContent", "text", "document", "body", "snippet", "chunk", "answer")
_LISTS = ("documents", "results", "matches", "hits", "chunks", "items", "data", "passages", "nodes", "points")
_MOST_DEPTH = 4
_DAY = timedelta(days=1)

_STEPS = f"""
    SELECT trace_id, start_ns, kind, status, name, status_message, output FROM (
        SELECT trace_id, start_ns, span_id, kind, status, name, status_message, left(output, {_MOST_CHARS}) AS output,
               row_number() OVER (PARTITION BY trace_id ORDER BY start_ns DESC, span_id) AS place
          FROM span
         WHERE project_id = %(project)s AND start_day BETWEEN %(first)s AND %(last)s AND trace_id = ANY(%(traces)s)
           AND kind = ANY(%(kinds)s)
    ) steps WHERE place <= {_MOST_STEPS} ORDER BY trace_id, start_ns, span_id
"""
_CALLS = """
    SELECT trace_id, start_ns FROM span
     WHERE project_id = %(project)s AND start_day BETWEEN %(first)s AND %(last)s AND trace_id = ANY(%(traces)s) AND kind = %(llm)s
     ORDER BY trace_id, start_ns
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stood around a call; `has_searched` tells whether something was looked up, found or not."""

    documents: tuple[str, ...] = ()
    has_searched: bool = False
    failures: tuple[str, ...] = ()


NONE = Surroundings()


@dataclass(frozen=True, slots=True)
class _Step:
    start_ns: int
    kind: int
    has_failed: bool
    name: str
    message: str
    output: str


def of_calls(spans: Sequence[Span]) -> list[Surroundings]:
    """Return the surroundings of calls of one project, in their order."""
    if not spans:
        return []
    steps = _steps(spans)
    failed = [trace_id for trace_id, some in steps.items() if any(step.has_failed for step in some)]
    begun = _calls(spans, failed) if failed else {}
    return [
        _around(span, steps[span.trace_id], begun.get(span.trace_id, [])) if span.trace_id in steps else NONE
        for span in spans
    ]


def of_call(span: Span) -> Surroundings:
    """Return the surroundings of one call."""
    return of_calls([span])[0]


def documents_in(output: str) -> list[str]:
    """Return the documents that a step gave back: each text of a list, or the whole when it is no list."""
    text = output.strip()
    if not text.startswith(("[", "{", '"')):
        return [text] if text else []
    try:
        found = list(_texts(orjson.loads(text), 0))
    except orjson.JSONDecodeError:
        # Cut off in the middle of a very long list.
        return [text]
    return [one for one in found if one.strip()][:_MOST_DOCUMENTS]


def _around(span: Span, steps: Sequence[_Step], begun: Sequence[int]) -> Surroundings:
    before = [step for step in steps if step.start_ns <= span.start_ns]
    documents = [one for step in before if not step.has_failed for one in documents_in(step.output)]
    return Surroundings(
        tuple(dict.fromkeys(documents))[-_MOST_DOCUMENTS:],
        any(step.kind == Kind.RETRIEVER and not step.has_failed for step in before),
        tuple(_told(step) for step in steps if step.has_failed and _asked_by(step, begun) == span.start_ns),
    )


def _asked_by(step: _Step, begun: Sequence[int]) -> int | None:
    """Return when the call began that a failed step is charged to: the last one before it, or the first of all."""
    if not begun:
        return None
    return begun[max(bisect_right(begun, step.start_ns) - 1, 0)]


def _told(step: _Step) -> str:
    return f"{step.name}: {step.message}" if step.message else f"{step.name} failed"


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < _MOST_DEPTH:
        for item in value:
            yield from _texts(item, depth + 1)
    elif isinstance(value, dict) and depth < _MOST_DEPTH:
        yield from _of_object(value, depth)


def _of_object(value: dict[str, Any], depth: int) -> Iterator[str]:
    inside = next((value[name] for name in _CONTENT if isinstance(value.get(name), str | dict | list)), None)
    if inside is None:
        inside = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
    if inside is not None:
        yield from _texts(inside, depth + 1)
    elif value:
        # The result of a tool: its fields are what an answer may say.
        yield orjson.dumps(value).decode()


def _steps(spans: Sequence[Span]) -> dict[UUID, list[_Step]]:
    found: dict[UUID, list[_Step]] = defaultdict(list)
    for trace_id, start_ns, kind, status, name, message, output in _rows(
        _STEPS, spans, {span.trace_id for span in spans}
    ):
        found[trace_id].append(_Step(start_ns, kind, status == Status.ERROR, name, message, output or ""))
    return found


def _calls(spans: Sequence[Span], traces: Iterable[UUID]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for trace_id, start_ns in _rows(_CALLS, spans, traces):
        found[trace_id].append(start_ns)
    return found


def _rows(query: str, spans: Sequence[Span], traces: Iterable[UUID]) -> list[tuple[Any, ...]]:
    days = [span.start_day for span in spans]
    values: dict[str, Any] = {
        # The steps of a trace that goes on past midnight stand on another day than its calls.
        "project": spans[0].project_id, "first": min(days) - _DAY, "last": max(days) + _DAY, "traces": list(traces),
        "kinds": _KINDS, "llm": int(Kind.LLM),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
