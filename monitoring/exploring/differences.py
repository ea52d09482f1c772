"""Tells in which ways some traces differ from others: pure functions over columns, corrected for how many ways are looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from monitoring.streams.candidates import design_effect

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

FEWEST, MOST_VALUES, MOST_PER_DIMENSION, MOST = 20, 40, 3, 15
# All intervals together leave the truth out at most so often.
_BY_CHANCE = 0.05
# Fewer traces than this have a value by accident.
_FEWEST_WITH_IT = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a dimension: which share of the chosen traces has it, which of the rest, and bounds of the difference."""

    dimension: str
    value: str
    count: int
    total: int
    rest_count: int
    rest_total: int
    low: float
    high: float
    score: float

    @property
    def share(self) -> float:
        return self.count / self.total

    @property
    def rest_share(self) -> float:
        return self.rest_count / self.rest_total

    @property
    def is_sure(self) -> bool:
        """Tell whether chance alone hardly ever makes such a difference, with all others that were looked at."""
        return self.low > 0 or self.high < 0

    @property
    def is_more(self) -> bool:
        return self.share > self.rest_share


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """What each trace has of a dimension: a number into `values`, above them when it has something else, below 0 when nobody knows.

    `counts_people` is set where many traces of one person do not count as many: a person's traces are alike.
    """

    name: str
    codes: Ints
    values: Sequence[str]
    counts_people: bool = True


def strongest(dimensions: Sequence[Dimension], *, is_chosen: Bools, people: Ints) -> list[Difference]:
    """Return what the chosen traces have more or less often than the rest, the strongest first, sure ones before others."""
    looked_at = [one for dimension in dimensions for one in _candidates(dimension, is_chosen)]
    if not looked_at:
        return []
    z = float(special.ndtri(1 - _BY_CHANCE / (2 * len(looked_at))))
    found = [_difference(dimension, code, is_chosen, people, z) for dimension, code in looked_at]
    found.sort(key=lambda one: (not one.is_sure, -round(one.score, 6), not one.is_more))
    return _few_of_each(found)


def coded(texts: Sequence[str | None]) -> tuple[Ints, list[str]]:
    """Return texts as numbers into a list of the different ones; None is below 0."""
    names = sorted({text for text in texts if text is not None})
    places = {name: place for place, name in enumerate(names)}
    return np.array([-1 if text is None else places[text] for text in texts], dtype=np.int64), names


def dimension(name: str, texts: Sequence[str | None], *, counts_people: bool = True) -> Dimension:
    codes, values = coded(texts)
    return Dimension(name, codes, values, counts_people)


def banded(name: str, numbers: Sequence[float | None], edges: Mapping[str, float]) -> Dimension:
    """Return numbers in bands, each named by what stands at its lower edge; the edges rise."""
    bounds = np.array(list(edges.values()))
    codes = [-1 if one is None else int(np.searchsorted(bounds, one, side="right")) - 1 for one in numbers]
    return Dimension(name, np.array(codes, dtype=np.int64), list(edges))


def _candidates(one: Dimension, is_chosen: Bools) -> Iterator[tuple[Dimension, int]]:
    is_known = one.codes >= 0
    chosen, rest = is_known & is_chosen, is_known & ~is_chosen
    if chosen.sum() < FEWEST or rest.sum() < FEWEST:
        return
    counts = np.bincount(one.codes[is_known], minlength=len(one.values))
    used = [int(code) for code in np.argsort(-counts, kind="stable") if code < len(one.values)]
    for code in used[:MOST_VALUES]:
        # What all have, or hardly any, tells nothing.
        if _FEWEST_WITH_IT <= counts[code] < is_known.sum():
            yield one, code


def _difference(one: Dimension, code: int, is_chosen: Bools, people: Ints, z: float) -> Difference:
    is_known, has_it = one.codes >= 0, one.codes == code
    chosen, rest = is_known & is_chosen, is_known & ~is_chosen
    count, total = int((has_it & chosen).sum()), int(chosen.sum())
    rest_count, rest_total = int((has_it & rest).sum()), int(rest.sum())
    effect, rest_effect = ((_effect(has_it, part, people) if one.counts_people else 1.0) for part in (chosen, rest))
    low, high = interval(count / effect, total / effect, rest_count / rest_effect, rest_total / rest_effect, z)
    score = _gain(count, total, rest_count, rest_total) / max(effect, rest_effect)
    return Difference(one.name, one.values[code], count, total, rest_count, rest_total, low, high, score)


def interval(count: float, total: float, rest_count: float, rest_total: float, z: float) -> tuple[float, float]:
    """Return between which values the difference of two shares lies (Newcombe's hybrid score interval)."""
    one, other = count / total, rest_count / rest_total
    (low, high), (rest_low, rest_high) = _wilson(one, total, z), _wilson(other, rest_total, z)
    return (
        one - other - math.hypot(one - low, rest_high - other),
        one - other + math.hypot(high - one, other - rest_low),
    )


def _wilson(share: float, total: float, z: float) -> tuple[float, float]:
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def _effect(has_it: Bools, part: Bools, people: Ints) -> float:
    _, person = np.unique(people[part], return_inverse=True)
    return design_effect(np.bincount(person), np.bincount(person, weights=has_it[part]))


def _gain(count: int, total: int, rest_count: int, rest_total: int) -> float:
    """Return how much likelier two shares make the counts than one."""
    whole = _likelihood(count + rest_count, total + rest_total)
    return _likelihood(count, total) + _likelihood(rest_count, rest_total) - whole


def _likelihood(count: int, total: int) -> float:
    return sum(part * math.log(part / total) for part in (count, total - count) if part)


def _few_of_each(found: Sequence[Difference]) -> list[Difference]:
    kept: list[Difference] = []
    for one in found:
        alike = [other for other in kept if other.dimension == one.dimension]
        if len(alike) < MOST_PER_DIMENSION and not any(_is_mirror(one, other) for other in alike):
            kept.append(one)
    return kept[:MOST]


def _is_mirror(one: Difference, other: Difference) -> bool:
    """Tell whether one is true of exactly those traces that the other is not true of: the same said twice."""
    return one.count + other.count == one.total and one.rest_count + other.rest_count == one.rest_total
