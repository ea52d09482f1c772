"""How long calls took and how long until their first words, over time and cut by prompt and model; from the counters alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitoring import usage_latency, usage_periods, usage_reading
from monitoring.usage_latency import BASE, SMALLEST_MS, Histogram
from monitoring.usage_reading import Filters, Sums
from projects.models import Project

MOST_COLUMNS, MOST_ROWS = 60, 24
# How many buckets of the counters may make one row of the map: each is 4 % higher than the one below.
_ROW_SIZES = (3, 6, 9, 18, 36)


@dataclass(frozen=True, slots=True)
class Times:
    """The calls of a stretch of time, of a prompt or of a model."""

    at: datetime | None = None
    name: str = ""
    answer: Histogram = field(default=usage_latency.EMPTY, repr=False, compare=False)
    first_token: Histogram = field(default=usage_latency.EMPTY, repr=False, compare=False)

    @property
    def call_count(self) -> int:
        return self.answer.total

    def answer_ms(self, share: float) -> float | None:
        return self.answer.percentile_ms(share)

    def first_token_ms(self, share: float) -> float | None:
        return self.first_token.percentile_ms(share)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How many calls of each stretch of time took how long; row 0 holds the quickest calls.

    Row r holds what took longer than `edges_ms[r]` and at most `edges_ms[r + 1]`.
    """

    moments: list[datetime]
    step: timedelta
    edges_ms: list[float]
    counts: NDArray[np.int64]

    @property
    def most(self) -> int:
        """The number of calls in the fullest cell."""
        return int(self.counts.max(initial=0))


def over_time(*, project: Project, start: datetime, end: datetime, filters: Filters) -> tuple[list[Times], timedelta]:
    """Return the calls of at most MOST_COLUMNS equal stretches of time, empty ones included, and how long a stretch is."""
    period = usage_periods.fit(start, end)
    step = period.step * -(-len(period.moments) // MOST_COLUMNS)
    found = usage_reading.read(
        project_id=project.pk, slices=[period.whole], keys=("bucket",), step=step, has_first_token=True, filters=filters
    )
    known = {sums.keys["bucket"]: _times(sums, at=sums.keys["bucket"]) for sums in found}
    moment, moments = usage_periods.snap(period.start, step=step), []
    while moment < end:
        moments.append(moment)
        moment += step
    return [known.get(moment, Times(at=moment)) for moment in moments], step


def by(
    key: Literal["prompt_name", "model"], *, project: Project, start: datetime, end: datetime, filters: Filters
) -> list[Times]:  # fmt: skip
    """Return the calls of each prompt or model, the most used first; calls that name none are left out."""
    slices = usage_periods.fit(start, end).slices
    found = usage_reading.read(project_id=project.pk, slices=slices, keys=(key,), has_first_token=True, filters=filters)
    named = [_times(sums, name=sums.keys[key]) for sums in found if sums.keys[key]]
    return sorted((times for times in named if times.call_count), key=lambda times: (-times.call_count, times.name))


def added(times: Sequence[Times]) -> Times:
    """Return all calls together."""
    return Times(
        answer=Histogram(sum((one.answer.counts for one in times), start=usage_latency.EMPTY.counts)),
        first_token=Histogram(sum((one.first_token.counts for one in times), start=usage_latency.EMPTY.counts)),
    )


def heat_map(times: Sequence[Times], *, step: timedelta) -> HeatMap:
    """Return the map of calls by time and by how long they took, with rows of equal ratio around what was seen."""
    columns = np.stack([one.answer.counts for one in times])
    seen = np.flatnonzero(columns.sum(axis=0))
    if not len(seen):
        return HeatMap([], step, [], np.zeros((0, 0), dtype=np.int64))
    size = next((size for size in _ROW_SIZES if seen[-1] // size - seen[0] // size < MOST_ROWS), _ROW_SIZES[-1])
    first, last = int(seen[0] // size), int(seen[-1] // size)
    padded = np.zeros((len(times), (last + 1) * size), dtype=np.int64)
    width = min(padded.shape[1], columns.shape[1])
    padded[:, :width] = columns[:, :width]
    counts = padded.reshape(len(times), last + 1, size).sum(axis=2)[:, first:]
    edges = [_edge_ms(row * size) for row in range(first, last + 2)]
    return HeatMap([one.at for one in times if one.at], step, edges, counts)


def _edge_ms(bucket: int) -> float:
    """Return the duration that calls of this bucket and those above exceed."""
    return SMALLEST_MS * BASE ** (bucket - 1) if bucket else 0.0


def _times(sums: Sums, *, at: datetime | None = None, name: str = "") -> Times:
    return Times(at, name, sums.latency, sums.first_token)
