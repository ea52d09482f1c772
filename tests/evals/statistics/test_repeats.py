"""What repetitions tell: chance is taken apart from what tells items apart."""

from __future__ import annotations

import numpy as np
import pytest

from evals.statistics.repeats import recommended, repeats


@pytest.mark.parametrize(("within", "between"), [(0.2, 0.1), (0.05, 0.3)])
def test_both_variances_are_found_again(within, between):
    random = np.random.default_rng(1)
    items = random.normal(0, np.sqrt(between), 4_000)
    asked = items[:, None] + random.normal(0, np.sqrt(within), (4_000, 3))

    found = repeats(asked.mean(axis=1), asked.var(axis=1, ddof=1), repetitions=3)

    assert found is not None
    assert found.within == pytest.approx(within, rel=0.1)
    assert found.between == pytest.approx(between, rel=0.15)


@pytest.mark.parametrize(
    ("within", "between", "times"), [(0.0, 0.1, 1), (0.1, 0.2, 1), (0.2, 0.1, 2), (0.25, 0.1, 3), (0.4, 0.0, 5), (9, 1, 5)]
)  # fmt: skip
def test_asking_again_is_worth_it_as_long_as_chance_outweighs(within, between, times):
    assert recommended(within=within, between=between) == times


@pytest.mark.parametrize(("count", "repetitions"), [(10, 1), (1, 3), (0, 3)])
def test_without_repetitions_nothing_is_known_about_them(count, repetitions):
    assert repeats([0.1] * count, [0.1] * count, repetitions=repetitions) is None
