"""Vectors of planted topics, and calls about them as the analysis leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import connection
from pgvector import HalfVector

from monitoring.analysis.models import CallAnalysis
from projects.models import Project

DIMENSIONS = 64
VERSION = "planted 1"
_TRACE = """
    INSERT INTO trace (project_id, trace_id, started_at, received_at, min_day, max_day, start_ns, end_ns, input_tokens,
        output_tokens, cost_nano_usd, span_count, call_count, error_count, unpriced_count, prompt_version, thumbs_down, arm, has_root,
        name, environment, release, service, model, prompt_name, session_id, user_id, input_preview, output_preview)
    SELECT %s, id, %s, %s, %s, %s, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, true, '', '', '', '', '', '', '', '', '', ''
      FROM unnest(%s::uuid[]) AS t (id)
"""


class Topics:
    """Directions of topics that share a field, and vectors around them."""

    def __init__(self, count: int, *, seed: int = 0, spread: float = 0.75) -> None:
        self.random = np.random.default_rng(seed)
        common = self._unit(self.random.standard_normal(DIMENSIONS))
        own = self._unit(self.random.standard_normal((count, DIMENSIONS)))
        self.directions = self._unit(0.6 * common + own)
        self.spread = spread

    def about(self, topic: int, count: int) -> np.ndarray:
        """Return vectors of texts about a topic."""
        return self.around(self.directions[topic], count)

    def around(self, direction: np.ndarray, count: int) -> np.ndarray:
        noise = self._unit(self.random.standard_normal((count, DIMENSIONS)))
        return self._unit(direction + self.spread * noise).astype(np.float32)

    def anything(self, count: int) -> np.ndarray:
        """Return vectors of texts that have nothing in common but the field."""
        return self._unit(self.random.standard_normal((count, DIMENSIONS))).astype(np.float32)

    def drift(self, share: float) -> None:
        """Let every topic wander a little."""
        step = self._unit(self.random.standard_normal(self.directions.shape))
        self.directions = self._unit(self.directions + share * step)

    @staticmethod
    def _unit(vectors: np.ndarray) -> np.ndarray:
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def ask(
    project: Project, vectors: np.ndarray, *, at: datetime, text: str = "", flags: int = 0, people: Sequence[str] = (),
    version: str = VERSION,
) -> list[UUID]:  # fmt: skip
    """Store calls, one for each vector; by default each is of another person."""
    random = np.random.default_rng(CallAnalysis.objects.count())
    ids = [UUID(bytes=random.bytes(16)) for _ in vectors]
    with connection.cursor() as cursor:
        cursor.execute(_TRACE, [project.pk, at, at, at.date(), at.date(), ids])
    CallAnalysis.objects.bulk_create(
        [
            CallAnalysis(
                project=project, start_day=at.date(), trace_id=trace_id, span_id=1, call_at=at,
                draw=int.from_bytes(trace_id.bytes[:4], "big"), flags=flags, text=text, embedding=HalfVector(vector),
                embedding_version=version, user_id=people[number % len(people)] if people else f"person {trace_id}",
            )
            for number, (trace_id, vector) in enumerate(zip(ids, vectors, strict=True))
        ],
        batch_size=1_000,
    )  # fmt: skip
    return ids


def cluster_of(project: Project, ids: Sequence[UUID]) -> list[int | None]:
    """Return the cluster of each call."""
    found = dict(
        CallAnalysis.objects.filter(project=project, trace_id__in=ids).values_list("trace_id", "cluster_id")
    )  # fmt: skip
    return [found[trace_id] for trace_id in ids]
