"""The result of a test of one variant in plain English."""

from __future__ import annotations

import numpy as np

from evals.experiments.comparison_values import Comparison
from evals.experiments.rows import Show, Standing
from evals.statistics.intervals import wilson


def verdict(whole: Comparison, found: Standing) -> str:
    """Return how many answers pass every check, with its interval, and which check fails most."""
    judged = int((~np.isnan(found.changes)).sum())
    if not judged:
        return "No answer was judged yet." if not whole.experiment.is_over else "No check judged these answers."
    passed = int(found.chosen(Show.SAME).sum())
    interval = wilson(passed, judged)
    so_far = (
        f"After {whole.finished:,} of {whole.experiment.item_count:,} items, and not final: "
        if whole.is_preliminary
        else ""
    )
    sentence = (
        f"{passed:,} of {judged:,} answers pass every check ({_percent(passed / judged)}, "
        f"95 % from {_percent(interval.low)} to {_percent(interval.high)})."
    )
    return f"{so_far}{sentence}{_weakest(whole)}"


def _weakest(whole: Comparison) -> str:
    levels = [level for level in whole.baseline.levels if level.items and level.check.is_rate]
    weakest = min(levels, key=lambda level: level.estimate, default=None)
    if weakest is None or len(levels) < 2 or weakest.estimate == 1:
        return ""
    return f" Most fail «{weakest.check.name}»: {_percent(1 - weakest.estimate)} of them."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
