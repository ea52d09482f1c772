"""Quality against price and against time: which variants are worth what they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.experiments.comparison_values import Check, Column, Comparison
from evals.statistics.intervals import Interval
from evals.statistics.paired import mean_difference


@dataclass(frozen=True, slots=True)
class Offer:
    """One column: how good it is (0 to 1, all checks together), and what an answer needs."""

    column: Column
    quality: float
    interval: Interval
    need: float
    is_best: bool


def by_price(comparison: Comparison) -> list[Offer]:
    """Return the columns with the mean price of an answer in dollars; nothing when no two prices are known."""
    known = {one.place: one.totals.mean_nano_usd / 1e9 for one in comparison.columns if one.totals.mean_nano_usd}
    return _offers(comparison, known)


def by_time(comparison: Comparison) -> list[Offer]:
    """Return the columns with the median time of an answer in milliseconds."""
    return _offers(comparison, {one.place: one.totals.median_ms for one in comparison.columns if one.totals.median_ms})


def best(offers: Sequence[tuple[float, float]]) -> list[bool]:
    """Tell of each (need, quality) whether no other needs at most as much and is at least as good, and better in one."""
    return [
        not any(
            need <= own_need and quality >= own_quality and (need < own_need or quality > own_quality)
            for need, quality in offers
        )
        for own_need, own_quality in offers
    ]


def _offers(comparison: Comparison, needs: dict[int, float]) -> list[Offer]:
    known = [
        (column, quality, needs[column.place])
        for column in comparison.columns
        if column.place in needs and (quality := _quality(comparison, column)) is not None
    ]
    if len(known) < 2:
        return []
    fronts = best([(need, quality[0]) for _, quality, need in known])
    return [
        Offer(column, *quality, need, is_best)
        for (column, quality, need), is_best in zip(known, fronts, strict=True)
    ]  # fmt: skip


def _quality(comparison: Comparison, column: Column) -> tuple[float, Interval] | None:
    """Return the mean over the items of what all checks together say; checks that compare count when there is no other."""
    checks = [check for check in comparison.checks if not check.is_duel] or list(comparison.checks)
    values = [_values(comparison, column, check) for check in checks]
    if not values:
        return None
    table = np.array(values)
    is_known = np.asarray(~np.isnan(table).all(axis=0), dtype=bool)
    if not is_known.any():
        return None
    means = np.nanmean(table[:, is_known], axis=0)
    groups = comparison.groups
    shared = None if groups is None else [one for one, known in zip(groups, is_known, strict=True) if known]
    found = mean_difference(means.tolist(), groups=shared)
    return found.estimate, Interval(max(0.0, found.interval.low), min(1.0, found.interval.high))


def _values(comparison: Comparison, column: Column, check: Check) -> NDArray[np.float64]:
    if check.is_duel and column.place == comparison.against:
        # Against itself everything is a tie.
        return np.full(len(comparison.table.numbers), 0.5)
    return comparison.table.values(column.place, check.version_id)
