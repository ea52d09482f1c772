"""What a test lets us expect of the traffic: its result, weighted as the groups of questions are in the traffic of now.

A dataset made of an issue holds far more calls with the problem than the traffic does, and not the same mix of questions. So each
item counts as much as the calls that it stands for: those of its group, with or without the problem. Pure, over plain values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.statistics import weighted
from evals.statistics.intervals import Z95

Floats = NDArray[np.float64]
FEWEST_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of one group of questions now, and how many of them have the problem."""

    calls: int
    bad: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One item: its group, whether its call had the problem, and whether each text's answer has it."""

    group: int
    was_bad: bool
    is_bad_before: bool
    is_bad_after: bool


@dataclass(frozen=True, slots=True)
class Predicted:
    """The rate now, the rate to expect with its 95 % interval, and the same as multiples of the rate now."""

    rate: float
    expected: float
    low: float
    high: float
    items: int
    # Which share of the calls with the problem is in groups that the items know.
    known: float

    @property
    def times(self) -> float:
        return self._times(self.expected)

    @property
    def times_low(self) -> float:
        return self._times(self.low)

    @property
    def times_high(self) -> float:
        return self._times(self.high)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"times": self.times, "times_low": self.times_low, "times_high": self.times_high}

    def _times(self, rate: float) -> float:
        return rate / self.rate if self.rate else 1.0


def predict(*, groups: Mapping[int, Group], items: Sequence[Tried]) -> Predicted | None:
    """Return what to expect; None without traffic, or with hardly any item that had the problem."""
    calls, bad = sum(one.calls for one in groups.values()), sum(one.bad for one in groups.values())
    if not calls or not bad or sum(item.was_bad for item in items) < FEWEST_ITEMS:
        return None
    rate = bad / calls
    fixed, fixed_variance = _change(items, {key: one.bad for key, one in groups.items()}, was_bad=True)
    broken, broken_variance = _change(items, {key: one.calls - one.bad for key, one in groups.items()}, was_bad=False)
    change = rate * fixed + (1 - rate) * broken
    reach = Z95 * math.sqrt(rate**2 * fixed_variance + (1 - rate) ** 2 * broken_variance)
    # Chance may make the change larger than the problem itself. None left of so many still leaves some possible (Wilson 1927).
    had = sum(item.was_bad for item in items)
    high = max(_share(rate + change + reach), rate * Z95**2 / (had + Z95**2))
    seen = {item.group for item in items if item.was_bad}
    known = sum(one.bad for key, one in groups.items() if key in seen) / bad
    return Predicted(
        rate, _share(rate + change), _share(rate + change - reach), high, len(items), known
    )  # fmt: skip


def _change(items: Sequence[Tried], traffic: Mapping[int, int], *, was_bad: bool) -> tuple[float, float]:
    """Return by how much oftener answers are bad with the new text, and the variance of that."""
    own = [item for item in items if item.was_bad == was_bad]
    if not own:
        # Nothing is known of calls without the problem: that none of them gets it is taken for granted.
        return (0.0, 0.0)
    change = np.array([float(item.is_bad_after) - float(item.is_bad_before) for item in own])
    found = weighted.mean(change, _weights([item.group for item in own], traffic))
    return found.mean, found.variance


def _weights(groups: Sequence[int], traffic: Mapping[int, int]) -> Floats:
    """Return the weight of each item; calls of groups without an item are stood for by all items alike."""
    counted = {key: groups.count(key) for key in set(groups)}
    total = sum(traffic.values())
    if not total:
        return np.full(len(groups), 1 / len(groups))
    reached = sum(calls for key, calls in traffic.items() if key in counted)
    rest = (total - reached) / total / len(groups)
    return np.array([traffic.get(key, 0) / total / counted[key] + rest for key in groups])


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
