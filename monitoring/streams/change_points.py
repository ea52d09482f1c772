"""Finds since when a rate is higher: the hour that parts a series best, when chance alone would hardly part it so well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitoring.streams.rates import Hour

# A change where there is none is claimed for one series in a thousand at most.
_ALPHA = 0.001
# Hours whose likelihood is within this of the best one may be the change as well (about 95 %).
_NEAR_BEST = 3.0
# Applications hear of a publish within seconds, but calls and counts are by the hour.
_SLACK = timedelta(hours=1)
FEWEST_BAD = 10


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The hour in which the rate rose, from which rate to which, and between which hours it may have been."""

    at: datetime
    before: float
    after: float
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Publish:
    """A version that a label of a prompt was moved to."""

    at: datetime
    version: int
    label: str = ""


def began(hours: Sequence[Hour]) -> ChangePoint | None:
    """Return since when the rate is higher; None when it did not rise, or too few calls tell."""
    counted = [hour for hour in hours if hour.calls]
    if len(counted) < 2 or sum(hour.bad for hour in counted) < FEWEST_BAD:
        return None
    calls, bad = np.array([hour.calls for hour in counted], float), np.array([hour.bad for hour in counted], float)
    gain = _gains(calls, bad)
    best = int(np.argmax(gain))
    if not np.isfinite(gain[best]):
        return None
    before, after = bad[:best].sum() / calls[:best].sum(), bad[best:].sum() / calls[best:].sum()
    # Hours differ by more than chance: what they differ by within both parts counts as chance.
    gain /= _unevenness(calls, bad, best)
    if gain[best] < math.log(len(counted)) - math.log(_ALPHA):
        return None
    near = np.flatnonzero(gain >= gain[best] - _NEAR_BEST)
    return ChangePoint(
        counted[best].at, float(before), float(after), counted[int(near[0])].at, counted[int(near[-1])].at
    )


def with_publish(change: ChangePoint, publishes: Sequence[Publish]) -> Publish | None:
    """Return the publish that the change came with: the nearest to it of those that may have been the cause."""
    fitting = [
        publish for publish in publishes
        if change.earliest_at - _SLACK <= publish.at < change.latest_at + 2 * _SLACK
    ]  # fmt: skip
    return min(fitting, key=lambda publish: abs(publish.at - change.at), default=None)


def _gains(calls: NDArray[np.float64], bad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much likelier two rates make the counts than one, for a rise before each hour; -inf without a rise."""
    n, y = calls.cumsum()[:-1], bad.cumsum()[:-1]
    rest_n, rest_y = calls.sum() - n, bad.sum() - y
    gain = _log_likelihood(y, n) + _log_likelihood(rest_y, rest_n) - _log_likelihood(bad.sum(), calls.sum())
    found: NDArray[np.float64] = np.concatenate([[-np.inf], np.where(rest_y / rest_n > y / n, gain, -np.inf)])
    return found


def _log_likelihood(bad: NDArray[np.float64], calls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the binomial likelihood at the observed rate, where 0·log 0 is 0."""
    good = calls - bad
    found: NDArray[np.float64] = bad * np.log(np.maximum(bad, 1) / calls) + good * np.log(np.maximum(good, 1) / calls)
    return found


def _unevenness(calls: NDArray[np.float64], bad: NDArray[np.float64], best: int) -> float:
    """Return how many times more the hours stray around the rates of their parts than chance makes them; at least 1."""
    strayed = 0.0
    for part in (slice(0, best), slice(best, None)):
        rate = bad[part].sum() / calls[part].sum()
        if 0 < rate < 1:
            strayed += float(((bad[part] - calls[part] * rate) ** 2 / (calls[part] * rate * (1 - rate))).sum())
    return max(1.0, strayed / max(1, len(calls) - 2))
