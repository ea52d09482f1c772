"""A search never takes more calls than were allowed, and says beforehand when that proves nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.proposals import budgets
from evals.proposals.budgets import BudgetTooSmall, Items, ItemsMissing


def items(tune_problems: int = 20, tune_good: int = 20, held_out: int = 20, good: int = 100) -> Items:
    counts = (tune_problems, tune_good, held_out, good)
    return Items(*(tuple(range(1_000 * place, 1_000 * place + count)) for place, count in enumerate(counts)))


def test_with_enough_calls_everything_is_tried():
    sizes = budgets.sizes_for(items(), most_calls=10_000)

    assert (sizes.candidates, sizes.proof, sizes.second) == (5, (20, 100), (20, 20))


def test_the_usual_budget_is_enough_for_the_usual_dataset():
    assert budgets.sizes_for(items(), most_calls=budgets.USUAL_ANSWERS).candidates == 5


def test_so_few_calls_that_nothing_can_be_proved_are_refused():
    with pytest.raises(BudgetTooSmall, match="At least"):
        budgets.sizes_for(items(), most_calls=100)


@pytest.mark.parametrize("few", [items(tune_problems=2), items(held_out=7), items(good=59)])
def test_a_dataset_that_can_prove_nothing_is_refused_before_anything_is_paid(few):
    with pytest.raises(ItemsMissing):
        budgets.sizes_for(few, most_calls=10_000)


@given(
    st.integers(6, 80), st.integers(0, 80), st.integers(8, 80), st.integers(60, 300), st.integers(0, 900)
)  # fmt: skip
def test_no_size_passes_the_budget(tune_problems, tune_good, held_out, good, most_calls):
    found = items(tune_problems, tune_good, held_out, good)
    try:
        sizes = budgets.sizes_for(found, most_calls=most_calls)
    except BudgetTooSmall:
        return

    assert sizes.calls <= most_calls
    assert sizes.proof[0] >= 8
    assert sizes.proof[1] >= 60
    assert sizes.first[0] >= 6
    assert sizes.candidates >= 2
    assert all(small <= large for small, large in zip(sizes.first, sizes.second, strict=True))


@given(st.integers(6, 80), st.integers(0, 80), st.integers(8, 80), st.integers(60, 300), st.integers(250, 900))
def test_more_calls_never_try_less(tune_problems, tune_good, held_out, good, most_calls):
    found = items(tune_problems, tune_good, held_out, good)
    try:
        less = budgets.sizes_for(found, most_calls=most_calls)
    except BudgetTooSmall:
        return

    assert budgets.sizes_for(found, most_calls=most_calls + 50).calls >= less.calls
