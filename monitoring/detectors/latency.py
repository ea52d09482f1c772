"""Calls that took far longer than others of the same prompt and model with answers of about the same length."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.detectors.findings import NOTHING, Finding

BINS = 8
FEWEST_TO_COMPARE = 30
_TO_SIGMA = 1.4826
_OUTLIER_Z = 3.5
_OVER_P95 = 1.5
# Providers that answer like clockwork would make every jitter an outlier.
_LEAST_SPREAD = 0.05


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call took, and how many tokens it answered with."""

    output_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LatencyBaseline:
    """What is usual for one prompt and model: how time grows with the answer, point by point, and how far calls stray from that."""

    # Logarithms of output tokens, rising, and of seconds.
    tokens: tuple[float, ...]
    seconds: tuple[float, ...]
    spread: float
    # Of the calls that are no outliers themselves.
    p95_seconds: float

    def usual_seconds(self, output_tokens: int) -> float:
        """Return how long an answer of this length usually takes."""
        return math.exp(_between(self.tokens, self.seconds, math.log(max(output_tokens, 1))))


def baseline(timings: Sequence[Timing]) -> LatencyBaseline | None:
    """Return what is usual among these calls; None when there are too few. Long answers are slow for a good reason."""
    usable = sorted(
        (timing for timing in timings if 0 < timing.seconds < math.inf), key=lambda timing: timing.output_tokens
    )
    if len(usable) < FEWEST_TO_COMPARE:
        return None
    logs = [(math.log(max(timing.output_tokens, 1)), math.log(timing.seconds)) for timing in usable]
    points: dict[float, float] = {}
    for part in _parts(logs):
        points[statistics.median(tokens for tokens, _ in part)] = statistics.median(seconds for _, seconds in part)
    tokens, seconds = tuple(points), tuple(points.values())
    strays = [taken - _between(tokens, seconds, answered) for answered, taken in logs]
    spread = max(_TO_SIGMA * statistics.median(map(abs, strays)), _LEAST_SPREAD)
    # Where one call in ten is an outlier, the slowest of all would make outliers of that kind look usual.
    near = sorted(timing.seconds for timing, stray in zip(usable, strays, strict=True) if stray <= _OUTLIER_Z * spread)
    return LatencyBaseline(tokens, seconds, spread, near[int(len(near) * 0.95)])


def outlier(timing: Timing, usual: LatencyBaseline | None) -> Finding:
    """Tell whether a call was far slower than usual. Time to the first token is measured the same way, with timings of its own."""
    if usual is None or not 0 < timing.seconds < math.inf:
        return NOTHING
    z = (math.log(timing.seconds) - math.log(usual.usual_seconds(timing.output_tokens))) / usual.spread
    over = math.log(timing.seconds / (_OVER_P95 * usual.p95_seconds)) / usual.spread
    weaker = max(min(z - _OUTLIER_Z, over), -50.0)
    return Finding(1 / (1 + math.exp(-min(2 * weaker, 50.0))), is_flagged=z > _OUTLIER_Z and over > 0)


def _parts(logs: Sequence[tuple[float, float]]) -> list[Sequence[tuple[float, float]]]:
    """Return the calls in parts of the same size, from short answers to long ones."""
    count = max(1, min(BINS, len(logs) // 10))
    return [logs[len(logs) * place // count : len(logs) * (place + 1) // count] for place in range(count)]


def _between(places: Sequence[float], values: Sequence[float], place: float) -> float:
    """Return the value on the line through the points; beyond them the line goes on, but time never outgrows the answer."""
    if len(places) == 1:
        return values[0]
    right = min(max(bisect.bisect_right(places, place), 1), len(places) - 1)
    slope = (values[right] - values[right - 1]) / (places[right] - places[right - 1])
    if not places[0] <= place <= places[-1]:
        slope = min(max(slope, 0.0), 1.0)
        nearest = 0 if place < places[0] else -1
        return values[nearest] + slope * (place - places[nearest])
    return values[right - 1] + slope * (place - places[right - 1])
