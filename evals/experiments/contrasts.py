"""Holds one column against another by one check: from two arrays of scores to a difference with its interval."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from evals.statistics.paired import Difference, mean_difference, pass_difference
from evals.statistics.repeats import Repeats, repeats

Floats = NDArray[np.float64]
# Below half a point of a hundred two averages of repetitions are the same.
_NOTHING = 0.005


class Became(IntEnum):
    """What became of the answers to one item in one column; of several repetitions the worst."""

    ANSWERED = 0
    WAITING = 1
    FAILED = 2
    SKIPPED = 3


@dataclass(frozen=True, slots=True)
class Nature:
    """What the values of a check are like; that decides how they are compared."""

    # Only 0 and 1, and one answer an item.
    is_pass_or_fail: bool = True
    # 1 where B beats column 0, ½ for a tie: the value is about both columns already.
    is_duel: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many items could not be compared for one reason."""

    reason: str
    items: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """B against A by one check: how often each did better, the difference, and which items say nothing."""

    difference: Difference
    wins: int
    losses: int
    ties: int
    left_out: tuple[LeftOut, ...] = ()
    repeats: Repeats | None = None

    @property
    def left_out_count(self) -> int:
        return sum(one.items for one in self.left_out)


def item_differences(a: Floats, b: Floats, nature: Nature) -> Floats:
    """Return for each item how much better B did (−1 to 1); NaN where one of them was not judged."""
    return 2 * b - 1 if nature.is_duel else b - a


def contrast(
    a: Floats, b: Floats, *, nature: Nature, groups: Sequence[Hashable] | None = None,
    within: Floats | None = None, repetitions: int = 1,
) -> Contrast:  # fmt: skip
    """Return B against A over the items that both were judged on; repetitions are averaged before."""
    gains = item_differences(a, b, nature)
    is_known = ~np.isnan(gains)
    known = gains[is_known]
    shared = None if groups is None else [group for group, one in zip(groups, is_known, strict=True) if one]
    difference = (
        pass_difference((known < 0).tolist(), (known > 0).tolist(), groups=shared)
        if nature.is_pass_or_fail
        else mean_difference(known.tolist(), groups=shared)
    )
    wins, losses = int((known > _NOTHING).sum()), int((known < -_NOTHING).sum())
    chance = None if within is None else repeats(known, _known(within[is_known]), repetitions=repetitions)
    return Contrast(difference, wins, losses, len(known) - wins - losses, repeats=chance)


def left_out(
    gains: Floats, *, became: Sequence[NDArray[np.int64]], has_error: Sequence[NDArray[np.bool_]]
) -> tuple[LeftOut, ...]:  # fmt: skip
    """Return why items have no difference: each is counted once, under the first reason that fits."""
    rest = np.isnan(gains)
    reasons = [
        ("an answer failed", _any_is(became, Became.FAILED)),
        ("the check could not judge", np.any(has_error, axis=0) if has_error else np.zeros(len(gains), dtype=bool)),
        ("not run", _any_is(became, Became.SKIPPED)),
        ("not finished", _any_is(became, Became.WAITING)),
        ("not judged", np.ones(len(gains), dtype=bool)),
    ]
    found = []
    for reason, fits in reasons:
        if count := int((rest & fits).sum()):
            found.append(LeftOut(reason, count))
        rest &= ~fits
    return tuple(found)


def _any_is(became: Sequence[NDArray[np.int64]], state: Became) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.any([one == state for one in became], axis=0)
    return found


def _known(values: Floats) -> Floats:
    found: Floats = values[~np.isnan(values)]
    return found
