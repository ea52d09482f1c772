"""Slow calls planted among ordinary ones, because no public collection says which calls were outliers."""

from __future__ import annotations

import math
import random

from benchmarks.figures import Figures
from monitoring.detectors import latency
from monitoring.detectors.latency import Timing

_SEED = 7
_CALLS, _OUTLIERS = 4_000, 100


def latency_timings(seed: int = _SEED) -> list[tuple[Timing, bool]]:
    """Return calls whose time grows with the answer and strays like a lognormal, some of them four to twelve times as slow."""
    chance = random.Random(seed)  # noqa: S311 - planted data, nothing secret
    found = []
    for number in range(_CALLS):
        tokens = max(1, int(math.exp(chance.gauss(4.8, 0.8))))
        seconds = (0.4 + 0.012 * tokens) * math.exp(chance.gauss(0, 0.22))
        is_slow = number % (_CALLS // _OUTLIERS) == 0
        if is_slow:
            seconds = max(seconds * chance.uniform(4, 12), 12.0)
        found.append((Timing(tokens, seconds), is_slow))
    return found


def latency_figures() -> Figures:
    """Return how many planted outliers are found, and how many ordinary calls are taken for one."""
    timings = latency_timings()
    usual = latency.baseline([timing for timing, _ in timings])
    flagged = [(latency.outlier(timing, usual).is_flagged, is_slow) for timing, is_slow in timings]
    found = sum(flag for flag, is_slow in flagged if is_slow)
    false = sum(flag for flag, is_slow in flagged if not is_slow)
    return {
        "planted": _OUTLIERS, "recall": round(found / _OUTLIERS, 4),
        "false_alarms": round(false / (len(flagged) - _OUTLIERS), 5),
    }  # fmt: skip
