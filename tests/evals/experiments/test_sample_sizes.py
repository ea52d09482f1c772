"""What a number of items can show, in words."""

from __future__ import annotations

from evals.experiments import sample_sizes
from evals.statistics.verdicts import items_needed


def test_the_smallest_difference_is_one_that_so_many_items_show():
    points = sample_sizes.noticed_points(200)

    assert items_needed(points / 100) <= 200 < items_needed((points - 1) / 100)


def test_few_items_are_told_what_they_cannot_show():
    words = sample_sizes.in_words(20)

    assert "With 20 items only a difference of about 22 in 100" in words
    assert "To notice 4 more good answers in 100 you need about 780 items." in words


def test_below_ten_items_nothing_is_promised():
    assert sample_sizes.noticed_points(9) is None
    assert "no verdict is possible" in sample_sizes.in_words(9)


def test_enough_items_are_not_told_to_find_more():
    assert "you need" not in sample_sizes.in_words(2_000)
