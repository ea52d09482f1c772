"""What the same user asked shortly before, and how like it is what is asked now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from pgvector import HalfVector

from monitoring.detectors import claims
from monitoring.models import Span

SHORTLY = timedelta(minutes=10)
# A session of a thousand calls in ten minutes is no person.
_MOST_EARLIER = 20
_DAY = timedelta(days=1)
_FEWEST_CHARS = 12
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")

_EARLIER = """
    SELECT t.session_id, a.trace_id, a.call_at, a.text, a.embedding FROM trace t
      JOIN call_analysis a ON a.project_id = t.project_id AND a.trace_id = t.trace_id
       AND a.start_day BETWEEN %(first)s AND %(last)s
     WHERE t.project_id = %(project)s AND t.session_id = ANY(%(sessions)s) AND t.started_at >= %(since)s AND t.started_at < %(until)s
       AND a.embedding_version = %(version)s AND a.embedding IS NOT NULL
     ORDER BY a.call_at DESC LIMIT 5000
"""


@dataclass(frozen=True, slots=True)
class Before:
    """How like a call is what was asked before in its session; `is_follow_up` tells whether anything was."""

    likeness: float = 0.0
    is_follow_up: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    trace_id: UUID
    at: datetime
    text: str
    vector: NDArray[np.float32]


def before(spans: Sequence[Span], texts: Sequence[str], vectors: NDArray[np.float32], *, version: str) -> list[Before]:
    """Return for each call of one project what its session asked in the ten minutes before it, in other traces."""
    asked = _earlier(spans, version)
    for span, text, vector in zip(spans, texts, vectors, strict=True):
        if span.session_id and text:
            asked[span.session_id].append(_Asked(span.trace_id, span.sort_at, text, vector))
    return [
        _before(span, text, vector, asked.get(span.session_id, ())) if span.session_id else Before()
        for span, text, vector in zip(spans, texts, vectors, strict=True)
    ]


def is_reworded(one: str, other: str) -> bool:
    """Tell other words for the same from the same words again, and from the same question about another thing."""
    if min(len(one), len(other)) < _FEWEST_CHARS or set(_NUMBER.findall(one)) != set(_NUMBER.findall(other)):
        return False
    if _WORD.findall(one.lower()) == _WORD.findall(other.lower()):
        return False
    said, asked = _content(one), _content(other)
    # «The price of the blue shirt?» after «… of the red shirt?»: one word in the place of another.
    return not (len(said - asked) == len(asked - said) == 1 and said & asked)


def _content(text: str) -> set[str]:
    return {token.stem for token in claims.tokens(text) if token.is_content}


def _before(span: Span, text: str, vector: NDArray[np.float32], asked: Sequence[_Asked]) -> Before:
    earlier = [
        one for one in asked if one.trace_id != span.trace_id and span.sort_at - SHORTLY <= one.at < span.sort_at
    ]
    earlier = sorted(earlier, key=lambda one: one.at)[-_MOST_EARLIER:]
    likeness = [float(one.vector @ vector) for one in earlier if text and is_reworded(one.text, text)]
    return Before(max(likeness, default=0.0), bool(earlier))


def _earlier(spans: Sequence[Span], version: str) -> dict[str, list[_Asked]]:
    found: dict[str, list[_Asked]] = defaultdict(list)
    of_sessions = [span for span in spans if span.session_id]
    if not of_sessions:
        return found
    moments = [span.sort_at for span in of_sessions]
    values: dict[str, Any] = {
        "project": of_sessions[0].project_id, "sessions": list({span.session_id for span in of_sessions}), "version": version,
        # A trace may have begun some time before its call.
        "since": min(moments) - 2 * SHORTLY, "until": max(moments),
        "first": (min(moments) - _DAY).date(), "last": (max(moments) + _DAY).date(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, values)
        for session_id, trace_id, at, text, embedding in cursor.fetchall():
            found[session_id].append(_Asked(trace_id, at, text, _unit(embedding)))
    return found


def _unit(sent: Any) -> NDArray[np.float32]:
    half = sent if isinstance(sent, HalfVector) else HalfVector.from_text(sent)
    vector = np.asarray(half.to_numpy(), dtype=np.float32)
    found: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return found
