"""What a comparison of columns found, as plain values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.experiments.contrasts import Contrast, Nature, item_differences
from evals.experiments.models import Experiment, ExperimentState
from evals.experiments.plans import Variant
from evals.experiments.score_tables import ScoreTable, Totals
from evals.statistics.intervals import Interval
from evals.statistics.ratios import Ratio
from evals.statistics.verdicts import Finding, Verdict
from prompt_registry.trial_plans import letter

# An item lost that much when all its checks are added up: a check that passed fails now, or the like.
CLEARLY = 0.5
# Prices and times that differ by less are called the same.
_SLIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """One evaluator version of an experiment."""

    version_id: int
    name: str
    kind: str
    nature: Nature
    # All its values are 0 or 1, so that its mean is a pass rate.
    is_rate: bool

    @property
    def is_duel(self) -> bool:
        return self.nature.is_duel


@dataclass(frozen=True, slots=True)
class Level:
    """How good one column is by one check: the mean over the items, from 0 to 1, with its 95 % interval."""

    check: Check
    estimate: float
    interval: Interval
    items: int
    # Answers that the check could not judge.
    errors: int


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one column against another, and what that says."""

    check: Check
    contrast: Contrast
    finding: Finding

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict


@dataclass(frozen=True, slots=True)
class Need:
    """What one column needs of money or time, as many times what the other needs."""

    ratio: Ratio
    # Clear also after the correction for looking at several columns, at price and at time.
    is_clear: bool
    # Items whose price or time is not known on both sides.
    left_out: int

    @property
    def is_same(self) -> bool:
        """Whether the whole interval lies within five percent."""
        return not self.is_clear and self.ratio.interval.low > 1 - _SLIGHT and self.ratio.interval.high < 1 + _SLIGHT


@dataclass(frozen=True, slots=True)
class Column:
    """One variant: how good it is, and how it does against the column that all are compared with."""

    place: int
    variant: Variant
    totals: Totals
    levels: tuple[Level, ...]
    # Empty for the column that the others are compared with.
    results: tuple[Result, ...] = ()
    price: Need | None = None
    time: Need | None = None
    clearly_better: int = 0
    clearly_worse: int = 0
    # The verdict as one sentence or two.
    words: str = ""

    @property
    def letter(self) -> str:
        return letter(self.place)

    @property
    def quality(self) -> float | None:
        """The mean of all checks that judge an answer for itself, for a picture; never for a verdict."""
        known = [level.estimate for level in self.levels if level.items and not level.check.is_duel]
        return sum(known) / len(known) if known else None

    def result_of(self, version_id: int) -> Result | None:
        return next((one for one in self.results if one.check.version_id == version_id), None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All columns of an experiment against one of them."""

    experiment: Experiment
    against: int
    checks: tuple[Check, ...]
    columns: tuple[Column, ...]
    table: ScoreTable
    # By item, where items share a source.
    groups: list[Hashable] | None
    # Items of which nothing waits any more; of a cancelled one, those that were run.
    finished: int

    @property
    def baseline(self) -> Column:
        return self.columns[self.against]

    @property
    def others(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.place != self.against)

    @property
    def is_preliminary(self) -> bool:
        """Whether some answers still wait, so that the numbers will change, or somebody ended it before they were there."""
        return self.is_cancelled or not self.experiment.is_over or self.finished < len(self.table.numbers)

    @property
    def is_cancelled(self) -> bool:
        return self.experiment.state == ExperimentState.CANCELLED

    @property
    def may_stop_early(self) -> bool:
        return self.experiment.stops_early and len(self.columns) == 2

    @property
    def has_stopped_early(self) -> bool:
        """Whether it ended as soon as the answer was clear, which is when a difference looks larger than it is."""
        is_cut = any(column.totals.skipped for column in self.columns)
        return self.may_stop_early and is_cut and self.experiment.state == ExperimentState.DONE

    @property
    def comparisons(self) -> int:
        """How many differences were looked at, which is what the verdicts are corrected for."""
        return sum(len(column.results) for column in self.columns)

    @property
    def leader(self) -> Column | None:
        """The best of several columns, when it is better than what it is compared with: its lead is too good to be true."""
        better = [one for one in self.others if any(result.verdict == Verdict.BETTER for result in one.results)]
        if len(self.others) < 2 or not better:
            return None
        return max(better, key=lambda column: column.quality or 0.0)

    def gains(self, place: int) -> NDArray[np.float64]:
        """Return how much better each item did in a column, a row for each check; NaN where there is nothing to compare."""
        rows = [
            item_differences(
                self.table.values(self.against, check.version_id), self.table.values(place, check.version_id), check.nature
            )
            for check in self.checks
        ]  # fmt: skip
        return np.array(rows) if rows else np.full((0, len(self.table.numbers)), np.nan)

    def misses(self, place: int) -> NDArray[np.float64]:
        """Return −1 for each item that a check did not pass in a column and 0 where it did; NaN where it does not say."""
        rows = [self.table.passes(place, check.version_id) - 1 for check in self.checks]
        return np.array(rows) if rows else np.full((0, len(self.table.numbers)), np.nan)


def net(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what all checks together say about each item; NaN where none could compare."""
    is_known = ~np.isnan(gains).all(axis=0) if len(gains) else np.zeros(gains.shape[1], dtype=bool)
    return np.where(is_known, np.nansum(gains, axis=0), np.nan)
