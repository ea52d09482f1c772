"""How far several people agree beyond chance: Cohen's and Fleiss' kappa and Krippendorff's alpha, each where it belongs.

A rating table has one row per item and one entry per reviewer: the number of a category, or None where that reviewer did
not rate the item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evals.statistics.intervals import Interval

Floats = NDArray[np.float64]
Row = Sequence[int | None]
Formula = Callable[[Floats], float | None]

# With fewer items that two people rated a coefficient is noise.
FEWEST_ITEMS = 10
_RESAMPLES = 500


class Level(StrEnum):
    """What the numbers of categories mean: names only, an order, or equal steps."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Coefficient(StrEnum):
    COHEN = "Cohen's κ"
    FLEISS = "Fleiss' κ"
    KRIPPENDORFF = "Krippendorff's α"


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far reviewers agree: the share of equal pairs, and the coefficient that corrects it for chance.

    The coefficient is None when everybody always chose the same category: nothing is left to agree about beyond chance.
    """

    items: int
    reviewers: int
    percent: float
    coefficient: Coefficient
    value: float | None
    interval: Interval | None

    @property
    def is_enough(self) -> bool:
        return self.items >= FEWEST_ITEMS


def of(table: Sequence[Row], *, level: Level = Level.NOMINAL, with_interval: bool = True) -> Agreed | None:
    """Return the agreement over the items that at least two people rated, or None when there are none.

    Two reviewers who rated everything: Cohen's kappa. More of them, as many on each item: Fleiss' kappa. An order among
    the categories, or reviewers who differ from item to item in number: Krippendorff's alpha.
    """
    rows = [row for row in table if sum(rating is not None for rating in row) >= 2]
    if not rows:
        return None
    chosen, ratings, formula = _fitting(rows, level)
    return Agreed(
        items=len(rows), reviewers=_reviewers(rows), percent=percent(rows), coefficient=chosen, value=formula(ratings),
        interval=_interval(ratings, formula) if with_interval else None,
    )  # fmt: skip


def percent(table: Sequence[Row]) -> float:
    """Return the share of pairs of ratings of the same item that are equal, each item counted alike."""
    counts = category_counts(table)
    each = counts.sum(axis=1)
    kept, n = counts[each >= 2], each[each >= 2]
    if not len(kept):
        return 0.0
    return float(((kept * (kept - 1)).sum(axis=1) / (n * (n - 1))).mean())


def cohen_kappa(one: Sequence[float] | Floats, other: Sequence[float] | Floats) -> float | None:
    """Return the kappa of two raters of the same items (Cohen 1960)."""
    a, b = np.asarray(one), np.asarray(other)
    if not len(a):
        return None
    categories = np.union1d(a, b)[:, None]
    expected = float(((a == categories).mean(axis=1) * (b == categories).mean(axis=1)).sum())
    return _beyond_chance(float((a == b).mean()), expected)


def fleiss_kappa(counts: Floats) -> float | None:
    """Return the kappa of equally many raters for each item (Fleiss 1971); `counts` is items × categories."""
    if not len(counts):
        return None
    raters = counts[0].sum()
    observed = float(((counts**2).sum(axis=1) - raters).mean() / (raters * (raters - 1)))
    shares = counts.sum(axis=0) / counts.sum()
    return _beyond_chance(observed, float((shares**2).sum()))


def krippendorff_alpha(counts: Floats, *, level: Level = Level.NOMINAL) -> float | None:
    """Return alpha from items × categories (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).

    Items with fewer than two ratings say nothing and are left out.
    """
    kept = counts[counts.sum(axis=1) >= 2]
    if not len(kept):
        return None
    weights = 1 / (kept.sum(axis=1) - 1)
    coincidences = (kept * weights[:, None]).T @ kept - np.diag((kept * weights[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=1)
    n = float(totals.sum())
    distances = _distances(totals, level)
    expected = float((np.outer(totals, totals) * distances).sum()) / (n - 1)
    if expected == 0:
        return None
    return 1 - float((coincidences * distances).sum()) / expected


def category_counts(table: Sequence[Row]) -> Floats:
    """Return how often each category was chosen for each item."""
    highest = max((rating for row in table for rating in row if rating is not None), default=0)
    counts = np.zeros((len(table), highest + 1))
    for index, row in enumerate(table):
        for rating in row:
            if rating is not None:
                counts[index, rating] += 1
    return counts


def _fitting(rows: Sequence[Row], level: Level) -> tuple[Coefficient, Floats, Formula]:
    """Return the coefficient, the ratings as it wants them, one row for each item, and how it is computed."""
    numbers = {sum(rating is not None for rating in row) for row in rows}
    if level == Level.NOMINAL and all(len(row) == 2 for row in rows):
        return Coefficient.COHEN, np.array(rows, dtype=float), lambda both: cohen_kappa(both[:, 0], both[:, 1])
    counts = category_counts(rows)
    if level == Level.NOMINAL and len(numbers) == 1 and numbers != {2}:
        return Coefficient.FLEISS, counts, fleiss_kappa
    return Coefficient.KRIPPENDORFF, counts, partial(krippendorff_alpha, level=level)


def _interval(ratings: Floats, formula: Formula) -> Interval | None:
    """Return the 95 % percentile bootstrap over the items; the same ratings always give the same interval."""
    n = len(ratings)
    if n < FEWEST_ITEMS:
        return None
    random = np.random.default_rng(n)
    draws = (ratings[random.integers(0, n, n)] for _ in range(_RESAMPLES))
    found = [value for draw in draws if (value := formula(draw)) is not None]
    if len(found) < _RESAMPLES / 2:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(float(low), float(high))


def _reviewers(rows: Sequence[Row]) -> int:
    width = max(len(row) for row in rows)
    return sum(any(len(row) > place and row[place] is not None for row in rows) for place in range(width))


def _beyond_chance(observed: float, expected: float) -> float | None:
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def _distances(totals: Floats, level: Level) -> Floats:
    """Return the squared distance between every two categories."""
    places = np.arange(len(totals), dtype=float)
    if level == Level.ORDINAL:
        # The middle of a category among all ratings in order: as far apart as there are ratings between.
        places = np.cumsum(totals) - totals / 2
    gaps = places[:, None] - places[None, :]
    return (gaps != 0).astype(float) if level == Level.NOMINAL else gaps**2
