"""Agreement coefficients, against the numbers that their authors published."""

from __future__ import annotations

import numpy as np
import pytest

from evals.statistics import agreement
from evals.statistics.agreement import Coefficient, Level

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, part C: four observers, twelve units, 0 for missing.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)
UNITS = [[rating - 1 if rating else None for rating in unit] for unit in zip(*OBSERVERS, strict=True)]
# The worked example of Fleiss' kappa in Wikipedia: ten subjects, fourteen raters, five categories.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def pairs(*counts: tuple[int, int, int]) -> list[list[int | None]]:
    """Return (how often, what one said, what the other said) as rows."""
    return [[one, other] for often, one, other in counts for _ in range(often)]


@pytest.mark.parametrize(
    ("level", "published"),
    [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849)],
    ids=["nominal", "ordinal", "interval"],
)
def test_alpha_is_what_krippendorff_computed(level, published):
    assert agreement.krippendorff_alpha(agreement.category_counts(UNITS), level=level) == pytest.approx(
        published, abs=0.0006
    )


def test_alpha_of_two_observers_is_what_krippendorff_computed():
    table = list(zip((0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0), strict=True))

    assert agreement.krippendorff_alpha(agreement.category_counts(table)) == pytest.approx(0.095, abs=0.0006)


def test_kappa_of_many_is_that_of_the_worked_example():
    assert agreement.fleiss_kappa(np.array(FLEISS, dtype=float)) == pytest.approx(0.210, abs=0.0006)


def test_kappa_of_two_is_what_cohen_defines():
    # Fifty proposals read by two people: 20 twice yes, 15 twice no, 5 and 10 apart; 70 % observed, 50 % by chance.
    one, other = zip(*pairs((20, 1, 1), (5, 1, 0), (10, 0, 1), (15, 0, 0)), strict=True)

    assert agreement.cohen_kappa(one, other) == pytest.approx(0.4)


def test_two_people_who_rated_everything_get_cohens_kappa():
    found = agreement.of(pairs((20, 1, 1), (5, 1, 0), (10, 0, 1), (15, 0, 0)))

    assert (found.coefficient, found.items, found.reviewers) == (Coefficient.COHEN, 50, 2)
    assert found.percent == pytest.approx(0.7)
    assert found.value == pytest.approx(0.4)
    assert found.interval.low < 0.4 < found.interval.high


def test_three_people_on_every_item_get_fleiss_kappa():
    found = agreement.of([[0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 1, 0]])

    assert found.coefficient == Coefficient.FLEISS


@pytest.mark.parametrize(
    ("table", "level"),
    [([[0, 1], [1, 2]], Level.ORDINAL), ([[0, 0, None], [None, 1, 1]], Level.NOMINAL), (UNITS, Level.NOMINAL)],
    ids=["an order", "people who differ", "numbers that differ"],
)
def test_everything_else_gets_krippendorffs_alpha(table, level):
    assert agreement.of(table, level=level).coefficient == Coefficient.KRIPPENDORFF


def test_items_of_one_reader_say_nothing_about_agreement():
    assert agreement.of([[0, None], [None, 1], []]) is None
    assert agreement.of([[0, None], [1, 1]]).items == 1


def test_everybody_always_the_same_leaves_nothing_beyond_chance():
    found = agreement.of([[1, 1]] * 20)

    assert found.percent == 1
    assert found.value is None


def test_few_items_are_not_enough_for_an_interval():
    found = agreement.of(pairs((4, 1, 1), (4, 0, 0), (1, 0, 1)))

    assert not found.is_enough
    assert found.interval is None


def test_the_interval_covers_the_agreement_that_was_planted():
    random = np.random.default_rng(4)
    held = 0
    for _ in range(60):
        truth = random.integers(0, 2, 80)
        noise = random.random((80, 2)) < 0.1
        found = agreement.of([list(map(int, row)) for row in np.where(noise, 1 - truth[:, None], truth[:, None])])
        # Two people who each err in one of ten: 82 % equal, 50 % by chance.
        held += found.interval.holds(0.64)

    assert held >= 52
