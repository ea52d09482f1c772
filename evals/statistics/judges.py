"""How far a judge can be trusted, and the rate that people would have found, from a few labels and many judgements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.statistics.intervals import Z95, Interval, wilson

Floats = NDArray[np.float64]

# Below this a judge informs but decides nothing.
KAPPA_TO_DECIDE = 0.6
# With fewer labelled items of the rarer kind the interval of the corrected rate alone is too optimistic.
_FEWEST_OF_A_KIND = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a judge compares with people on the same items; None where there was nothing to compare."""

    items: int
    sensitivity: float | None
    specificity: float | None
    kappa: float | None

    @property
    def may_decide(self) -> bool:
        return self.kappa is not None and self.kappa >= KAPPA_TO_DECIDE


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """The rate that people would have found, with its 95 % interval."""

    estimate: float
    interval: Interval
    labelled: int
    judged: int
    # The share of the judge's word in the estimate: 0 when it says nothing about what people find.
    trust: float
    needs_labels: bool


def agreement(people: Sequence[bool], judge: Sequence[bool]) -> Agreement:
    """Return how often the judge passes what people pass, fails what they fail, and Cohen's kappa of both."""
    y, f = np.asarray(people, dtype=bool), np.asarray(judge, dtype=bool)
    n = len(y)
    if n == 0:
        return Agreement(0, None, None, None)
    passed, failed = int(y.sum()), int((~y).sum())
    observed = float((y == f).mean())
    by_chance = float(y.mean() * f.mean() + (1 - y.mean()) * (1 - f.mean()))
    return Agreement(
        items=n,
        sensitivity=float(f[y].mean()) if passed else None,
        specificity=float((~f[~y]).mean()) if failed else None,
        kappa=(observed - by_chance) / (1 - by_chance) if by_chance < 1 else None,
    )


def corrected_rate(
    people: Sequence[float], judge: Sequence[float], *, judge_elsewhere: Sequence[float]
) -> CorrectedRate:
    """Return the mean that people would give to all items, from their labels and the judge's values (0 to 1).

    `people` and `judge` are about the same uniformly sampled items, `judge_elsewhere` about the others. Prediction-powered
    inference with the weight that makes the interval shortest (PPI++, Angelopoulos, Duchi and Zrnic 2023).
    """
    y, f, rest = (np.asarray(values, dtype=float) for values in (people, judge, judge_elsewhere))
    n, m = len(y), len(rest)
    if n < 2:
        return CorrectedRate(float(y.mean()) if n else 0.0, Interval(0.0, 1.0), n, m, 0.0, needs_labels=True)
    trust = _trust(y, f, n, m)
    estimate = float((y - trust * f).mean()) + (trust * float(rest.mean()) if m else 0.0)
    spread = float((y - trust * f).var(ddof=1)) / n
    if m > 1:
        spread += trust**2 * float(rest.var(ddof=1)) / m
    reach = Z95 * math.sqrt(spread)
    rarer = min(int((y >= 0.5).sum()), int((y < 0.5).sum()))
    interval = Interval(max(0.0, estimate - reach), min(1.0, estimate + reach))
    if needs_labels := rarer < _FEWEST_OF_A_KIND:
        interval = _wider(interval, wilson(round(float(y.sum())), n))
    return CorrectedRate(
        estimate=min(1.0, max(0.0, estimate)), interval=interval, labelled=n, judged=m, trust=trust,
        needs_labels=needs_labels,
    )  # fmt: skip


def _wider(interval: Interval, of_labels: Interval) -> Interval:
    """Return both together: labels that are nearly all alike hide how much they vary, down to an interval of no width."""
    return Interval(min(interval.low, of_labels.low), max(interval.high, of_labels.high))


def _trust(y: Floats, f: Floats, n: int, m: int) -> float:
    spread = float(f.var(ddof=1))
    if m == 0 or spread == 0:
        return 0.0
    together = float(((y - y.mean()) * (f - f.mean())).sum()) / (n - 1)
    return min(1.0, max(0.0, together / (spread * (1 + n / m))))
