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
    """What is usual for one prompt and model: the median of the logarithm per bin of output tokens, and how far calls stray."""

    edges: tuple[int, ...]
    medians: tuple[float, ...]
    spread: float
    p95_seconds: float

    def usual_seconds(self, output_tokens: int) -> float:
        """Return how long an answer of this length usually takes."""
        return math.exp(self.medians[bisect.bisect_right(self.edges, output_tokens)])


def baseline(timings: Sequence[Timing]) -> LatencyBaseline | None:
    """Return what is usual among these calls; None when there are too few. Long answers are slow for a good reason."""
    usable = sorted((timing for timing in timings if 0 < timing.seconds < math.inf), key=lambda timing: timing.output_tokens)
    if len(usable) < FEWEST_TO_COMPARE:
        return None
    edges = _edges([timing.output_tokens for timing in usable])
    logs: list[list[float]] = [[] for _ in range(len(edges) + 1)]
    for timing in usable:
        logs[bisect.bisect_right(edges, timing.output_tokens)].append(math.log(timing.seconds))
    medians = tuple(statistics.median(values) for values in logs)
    strays = [abs(value - median) for values, median in zip(logs, medians, strict=True) for value in values]
    seconds = sorted(timing.seconds for timing in usable)
    return LatencyBaseline(
        edges, medians, max(_TO_SIGMA * statistics.median(strays), _LEAST_SPREAD), seconds[int(len(seconds) * 0.95)]
    )


def outlier(timing: Timing, usual: LatencyBaseline | None) -> Finding:
    """Tell whether a call was far slower than usual. Time to the first token is measured the same way, with timings of its own."""
    if usual is None or not 0 < timing.seconds < math.inf:
        return NOTHING
    z = (math.log(timing.seconds) - math.log(usual.usual_seconds(timing.output_tokens))) / usual.spread
    over = math.log(timing.seconds / (_OVER_P95 * usual.p95_seconds)) / usual.spread
    weaker = max(min(z - _OUTLIER_Z, over), -50.0)
    return Finding(1 / (1 + math.exp(-min(2 * weaker, 50.0))), is_flagged=z > _OUTLIER_Z and over > 0)


def _edges(tokens: Sequence[int]) -> tuple[int, ...]:
    """Return where one bin ends and the next begins; equal answers are never torn apart."""
    bins = max(1, min(BINS, len(tokens) // 10))
    return tuple(sorted({tokens[len(tokens) * place // bins] for place in range(1, bins)} - {tokens[0]}))
