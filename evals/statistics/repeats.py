"""What asking the same item several times tells: how much answers vary by themselves, and how often to ask next time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 5


@dataclass(frozen=True, slots=True)
class Repeats:
    """The variance of one item's difference when it is asked again, the one between items, and what follows."""

    within: float
    between: float
    recommended: int

    @property
    def share(self) -> float:
        """How much of all variance is chance of the single answer (0 to 1)."""
        whole = self.within + self.between
        return self.within / whole if whole > 0 else 0.0


def repeats(
    differences: Sequence[float] | NDArray[np.float64], within: Sequence[float] | NDArray[np.float64], *, repetitions: int
) -> Repeats | None:  # fmt: skip
    """Return what repetitions tell, or None where they cannot: fewer than two of them, or of the items.

    `differences` are those of the items' means, `within` the variances of each item's difference as its repetitions show
    them. The variance between items is what is left of that of the means when the chance of the answers is taken off.
    """
    values, chance = np.asarray(differences, dtype=float), np.asarray(within, dtype=float)
    if repetitions < 2 or len(values) < 2 or len(chance) == 0:
        return None
    inside = float(chance.mean())
    between = max(0.0, float(values.var(ddof=1)) - inside / repetitions)
    return Repeats(inside, between, recommended(within=inside, between=between))


def recommended(*, within: float, between: float) -> int:
    """Return how often each item is worth asking: as long as chance outweighs what tells items apart, up to five times."""
    if within <= 0:
        return 1
    if between <= within / MOST:
        return MOST
    return min(MOST, max(1, math.ceil(within / between)))
