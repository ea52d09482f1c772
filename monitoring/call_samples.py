"""A uniform sample of the calls that were looked at, with the vector of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from monitoring import embeddings
from monitoring.analysis.flags import Flag
from monitoring.analysis.running import WINDOW

MOST = 5_000
# The flags that say most about what is missing in a dataset.
_FLAGS = Flag.REFUSED | Flag.UNSUPPORTED

# The lowest lots are an even sample of the calls.
_SAMPLE = """
    SELECT trace_id, span_id, call_at, text, halfvec_send(embedding) FROM call_analysis
     WHERE project_id = %(project)s AND start_day >= %(since)s::date AND call_at >= %(since)s
       AND embedding_version = %(version)s AND embedding IS NOT NULL AND (%(prompt)s = '' OR prompt_name = %(prompt)s)
     ORDER BY draw, trace_id, span_id LIMIT %(limit)s
"""
_DISLIKED = "SELECT trace_id FROM trace WHERE project_id = %s AND trace_id = ANY(%s) AND thumbs_down > 0"
_FLAGGED = """
    SELECT DISTINCT trace_id FROM call_analysis
     WHERE project_id = %s AND trace_id = ANY(%s) AND start_day >= %s AND flags & %s <> 0
"""
# A vector of half floats as PostgreSQL sends it: its length and an unused number, two bytes each, then the values.
_HEADER_BYTES = 4


@dataclass(frozen=True, slots=True)
class SampledCall:
    """A call by the keys that lead to it, and the beginning of what it was about."""

    trace_id: UUID
    span_id: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Calls, and in the same order their vectors."""

    calls: list[SampledCall]
    vectors: NDArray[np.float32]


def recent(*, project_id: int, prompt_name: str = "", limit: int = MOST) -> Sample:
    """Return a uniform sample of the last two weeks, of one prompt or of all calls."""
    embedder = embeddings.for_project(project_id)
    values: dict[str, Any] = {
        "project": project_id, "since": timezone.now() - WINDOW, "version": embedder.version, "prompt": prompt_name,
        "limit": limit,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, values)
        rows = cursor.fetchall()
    return Sample([SampledCall(*row[:4]) for row in rows], _vectors([row[4] for row in rows], embedder.dimensions))


def disliked(*, project_id: int, trace_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the traces a user gave a thumbs-down."""
    with connection.cursor() as cursor:
        cursor.execute(_DISLIKED, [project_id, list(trace_ids)])
        return {row[0] for row in cursor.fetchall()}


def flagged(*, project_id: int, trace_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the traces a detector found to refuse, or to say what nothing supports."""
    with connection.cursor() as cursor:
        cursor.execute(_FLAGGED, [project_id, list(trace_ids), (timezone.now() - WINDOW).date(), int(_FLAGS)])
        return {row[0] for row in cursor.fetchall()}


def prompts(*, project_id: int) -> list[str]:
    """Return the prompts that calls of the sample were made with, the most used first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prompt_name FROM call_analysis WHERE project_id = %s AND start_day >= %s AND prompt_name <> '' "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 50",
            [project_id, (timezone.now() - WINDOW).date()],
        )
        return [row[0] for row in cursor.fetchall()]


def _vectors(sent: Sequence[Any], dimensions: int) -> NDArray[np.float32]:
    if not sent:
        return np.empty((0, dimensions), dtype=np.float32)
    halves = [np.frombuffer(bytes(one), dtype=">f2", offset=_HEADER_BYTES) for one in sent]
    found = np.stack(halves).astype(np.float32)
    # Half floats are rounded: the vectors are made unit vectors again.
    unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit
