"""How well probabilities and flags agree with labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from benchmarks.figures import Figures


def auroc(labels: Sequence[int], probabilities: Sequence[float]) -> float | None:
    """Return how often a bad text is ranked above a good one (ties count half); None when one kind is missing."""
    y = np.asarray(labels)
    bad, good = int((y == 1).sum()), int((y == 0).sum())
    if not bad or not good:
        return None
    ranks = rankdata(np.asarray(probabilities))
    return round(float((ranks[y == 1].sum() - bad * (bad + 1) / 2) / (bad * good)), 4)


def quality(labels: Sequence[int], probabilities: Sequence[float], threshold: float) -> Figures:
    """Return the figures of one set of texts at one threshold; a figure that nothing can be said about is left out."""
    y, flagged = np.asarray(labels), np.asarray(probabilities) >= threshold
    right = int((flagged & (y == 1)).sum())
    bad, good = int((y == 1).sum()), int((y == 0).sum())
    found: Figures = {"texts": bad + good, "bad": bad}
    if bad:
        found["recall"] = round(right / bad, 4)
    if good:
        found["false_alarms"] = round(int((flagged & (y == 0)).sum()) / good, 4)
    if bad and good:
        flags = int(flagged.sum())
        found["precision"] = round(right / flags, 4) if flags else 0.0
        found["f1"] = round(2 * right / (flags + bad), 4)
        found["balanced_accuracy"] = round((found["recall"] + 1 - found["false_alarms"]) / 2, 4)
        found["auroc"] = auroc(labels, probabilities)
        found["recall_at_5_percent_false_alarms"] = recall_at(labels, probabilities, false_alarms=0.05)
        found["calibration_error"] = calibration_error(labels, probabilities)
    return found


def recall_at(labels: Sequence[int], probabilities: Sequence[float], *, false_alarms: float) -> float:
    """Return the share of bad texts found by the lowest threshold that flags at most so many of the good ones."""
    y, p = np.asarray(labels), np.asarray(probabilities)
    good = np.sort(p[y == 0])[::-1]
    highest_missed = good[min(int(false_alarms * len(good)), len(good) - 1)]
    return round(float((p[y == 1] > highest_missed).mean()), 4)


def calibration_error(labels: Sequence[int], probabilities: Sequence[float], bins: int = 10) -> float:
    """Return how far the probability is from the share of bad texts among those that got it, on average over the texts."""
    y, p = np.asarray(labels, dtype=float), np.asarray(probabilities)
    where = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(float((y - p)[where == part].sum())) for part in range(bins)]
    return round(sum(gaps) / len(y), 4)


def macro(parts: Sequence[Figures], name: str) -> float | None:
    """Return the mean of a figure over the sources that have it."""
    values = [part[name] for part in parts if part.get(name) is not None]
    return round(sum(values) / len(values), 4) if values else None
