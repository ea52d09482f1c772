"""Decides whether a test lets a fix go on: better on calls with the problem that nobody wrote it by, and no worse on good ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.experiments.comparison_values import Comparison
from evals.experiments.fix_verdicts import Gate, judge
from evals.fix_items import GOOD, HOLD_OUT, PROBLEM
from evals.models import DatasetItem
from evals.statistics.paired import Difference, mean_difference, pass_difference


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which places of a comparison's items are calls with the problem that were held out, all with it, and good ones."""

    held_out: NDArray[np.int64]
    problems: NDArray[np.int64]
    good: NDArray[np.int64]


def kinds_of(comparison: Comparison) -> Kinds:
    """Return which items are what."""
    ids = comparison.table.item_ids.tolist()
    items = DatasetItem.objects.only("tags", "split").in_bulk(ids)

    def places(tag: str, split: str = "") -> NDArray[np.int64]:
        chosen = [
            place for place, key in enumerate(ids) if tag in items[key].tags and split in ("", items[key].split)
        ]  # fmt: skip
        return np.array(chosen, dtype=np.int64)

    return Kinds(places(PROBLEM, HOLD_OUT), places(PROBLEM), places(GOOD))


def right_answers(comparison: Comparison, column: int, version_ids: Sequence[int]) -> NDArray[np.float64]:
    """Return for each item whether the answer of a column passes all of these checks (1 or 0); NaN where none says."""
    rows = []
    for version_id in version_ids:
        passes, values = comparison.table.passes(column, version_id), comparison.table.values(column, version_id)
        rows.append(np.where(np.isnan(passes), np.where(np.isnan(values), np.nan, values >= 0.5), passes))
    if not rows:
        return np.full(len(comparison.table.item_ids), np.nan)
    stacked = np.array(rows, dtype=np.float64)
    is_known = ~np.isnan(stacked).all(axis=0)
    return np.where(is_known, np.nanmin(np.where(np.isnan(stacked), 1.0, stacked), axis=0), np.nan)


def gate(comparison: Comparison, *, old: int, new: int, checks: Sequence[int]) -> Gate:
    """Return whether the new text may go to people; `checks` are those that tell whether an answer has the problem."""
    kinds = kinds_of(comparison)
    everything = [check.version_id for check in comparison.checks if not check.is_duel]
    problems = _difference(comparison, old, new, list(checks) or everything, kinds.held_out)
    good = _difference(comparison, old, new, everything, kinds.good)
    return judge(problems, good)


def _difference(
    comparison: Comparison, old: int, new: int, checks: Sequence[int], places: NDArray[np.int64]
) -> Difference | None:  # fmt: skip
    if not len(places):
        return None
    before, after = (right_answers(comparison, column, checks)[places] for column in (old, new))
    is_known = ~np.isnan(before + after)
    before, after = before[is_known], after[is_known]
    if comparison.experiment.repetitions > 1:
        return mean_difference((after - before).tolist())
    return pass_difference((before > 0.5).tolist(), (after > 0.5).tolist())
