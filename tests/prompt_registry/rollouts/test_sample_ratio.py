"""A split that is not the planned one is found, and a right one is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from prompt_registry.rollouts.evidence import Stage
from prompt_registry.rollouts.sample_ratio import BROKEN_AT, ln_e_of_split

LOOKS = range(500, 40_001, 500)


def _found(random, *, share: float, lost: float) -> bool:
    """Tell whether the split is ever called broken when a share of the candidate's records is lost."""
    real = share * (1 - lost) / (1 - share * lost)
    candidates = np.cumsum(random.binomial(500, real, len(LOOKS)))
    return any(ln_e_of_split(int(n1), [Stage(share, n)]) >= BROKEN_AT for n1, n in zip(candidates, LOOKS, strict=True))


@pytest.mark.parametrize("share", [0.01, 0.25, 0.95])
def test_a_right_split_is_left_alone(share):
    random = np.random.default_rng(1)

    assert not any(_found(random, share=share, lost=0) for _ in range(150))


@pytest.mark.parametrize(("share", "lost"), [(0.25, 0.1), (0.05, 0.3)])
def test_lost_records_of_the_candidate_are_found(share, lost):
    random = np.random.default_rng(2)

    assert sum(_found(random, share=share, lost=lost) for _ in range(50)) >= 48
