"""The result of a test of one variant: how many answers pass, by which check, and that in plain English."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.experiments.comparison_values import Check, Comparison
from evals.experiments.rows import Show, Standing
from evals.statistics.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Passes:
    """How many answers one check passed, of those it said so of; `mean` is of its values, where they are more than that."""

    check: Check
    passed: int
    judged: int
    mean: float | None

    @property
    def share(self) -> float:
        return self.passed / self.judged if self.judged else 0.0

    @property
    def interval(self) -> Interval:
        return wilson(self.passed, self.judged)


def passes(whole: Comparison) -> list[Passes]:
    """Return what each check says of the only column."""
    found = []
    for check in whole.checks:
        known = whole.table.passes(whole.against, check.version_id)
        level = next((one for one in whole.baseline.levels if one.check == check and one.items), None)
        mean = level.estimate if level is not None and not check.is_rate else None
        found.append(Passes(check, int(np.nansum(known)), int((~np.isnan(known)).sum()), mean))
    return found


def verdict(whole: Comparison, found: Standing) -> str:
    """Return how many answers pass every check, with its interval, and which check fails most."""
    judged = int((~np.isnan(found.changes)).sum())
    if not judged:
        return "No check judged these answers." if whole.experiment.is_over else "No answer was judged yet."
    passed = int(found.chosen(Show.SAME).sum())
    interval = wilson(passed, judged)
    sentence = (
        f"{passed:,} of {judged:,} answers pass every check ({_percent(passed / judged)}, "
        f"95 % from {_percent(interval.low)} to {_percent(interval.high)})."
    )
    return f"{_so_far(whole)}{sentence}{_weakest(whole)}"


def _so_far(whole: Comparison) -> str:
    if not whole.is_preliminary:
        return ""
    return f"After {whole.finished:,} of {whole.experiment.item_count:,} items, and not final: "


def _weakest(whole: Comparison) -> str:
    judged = [one for one in passes(whole) if one.judged]
    weakest = min(judged, key=lambda one: one.share, default=None)
    if weakest is None or len(judged) < 2 or weakest.passed == weakest.judged:
        return ""
    return f" Most fail «{weakest.check.name}»: {_percent(1 - weakest.share)} of them."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
