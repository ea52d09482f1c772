"""How many labels of people it takes until a judge's corrected rate is as sharp as it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evals.statistics.intervals import Z95
from evals.statistics.judges import corrected_rate

# METHODS B3.3: below this nobody should draw conclusions about a judge.
FEWEST_LABELS = 100
FEWEST_OF_A_KIND = 10
# Half the width of the interval that is sharp enough: five percentage points to either side.
SHARP = 0.05


def more_needed(
    people: Sequence[float], judge: Sequence[float], *, judge_elsewhere: Sequence[float], reach: float = SHARP
) -> int:
    """Return how many labels are missing until the interval reaches no further than `reach` to either side.

    At least a hundred, and enough that about ten of the rarer kind are among them; never more than there are items, and 0
    also when there are too few items for any number of labels to do it.
    """
    n = len(people)
    wanted = max(FEWEST_LABELS, _for_reach(people, judge, judge_elsewhere, reach), _for_rarer(people))
    return max(0, min(wanted - n, len(judge_elsewhere)))


def _for_reach(
    people: Sequence[float], judge: Sequence[float], judge_elsewhere: Sequence[float], reach: float
) -> int:  # fmt: skip
    n, m = len(people), len(judge_elsewhere)
    if n < 2:
        return 0
    y, f, rest = (np.asarray(values, dtype=float) for values in (people, judge, judge_elsewhere))
    if float(y.var(ddof=1)) / (n + m) > (reach / Z95) ** 2:
        # Not even labels on everything would do: what is missing are items.
        return n
    trust = corrected_rate(people, judge, judge_elsewhere=judge_elsewhere).trust
    of_the_judge = trust**2 * float(rest.var(ddof=1)) / m if m > 1 else 0.0
    left = (reach / Z95) ** 2 - of_the_judge
    if left <= 0:
        return n + m
    return math.ceil(float((y - trust * f).var(ddof=1)) / left)


def _for_rarer(people: Sequence[float]) -> int:
    passed = sum(value >= 0.5 for value in people)
    rarer = min(passed, len(people) - passed)
    if rarer >= FEWEST_OF_A_KIND or not people:
        return 0
    # One more than were seen of that kind, so that none seen does not mean there is none.
    return math.ceil(FEWEST_OF_A_KIND * (len(people) + 2) / (rarer + 1))
