"""What a test lets us expect follows from its items, each counted as the calls that it stands for."""

from __future__ import annotations

import pytest

from evals.experiments.predicted_effects import Group, Predicted, Tried, predict

REFUNDS, PARCELS, UNSEEN = 1, 2, 3


def tried(group: int, count: int, *, was_bad: bool = True, before: bool = True, after: bool = False) -> list[Tried]:
    return [Tried(group, was_bad, before, after)] * count


def predicted(groups: dict[int, Group], *items: list[Tried]) -> Predicted:
    found = predict(groups=groups, items=[one for some in items for one in some])
    assert found is not None
    return found


def test_a_fix_of_all_its_calls_leaves_about_nothing():
    found = predicted({REFUNDS: Group(1_000, 60)}, tried(REFUNDS, 40))

    assert (found.rate, found.expected) == (pytest.approx(0.06), pytest.approx(0.0))
    assert found.low == 0.0
    assert 0 < found.high < 0.02


def test_a_change_beyond_the_whole_problem_still_promises_no_certainty():
    groups = {REFUNDS: Group(1_000, 230)}

    found = predicted(
        groups, tried(REFUNDS, 40), tried(REFUNDS, 60, was_bad=False), tried(REFUNDS, 60, was_bad=False, before=False)
    )

    assert (found.expected, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.23 * 0.0876, rel=0.01)


def test_each_group_counts_as_it_is_in_the_traffic_and_not_as_in_the_dataset():
    # Half of the items are of a group that has a tenth of the problem: fixing that alone helps little.
    groups = {REFUNDS: Group(900, 90), PARCELS: Group(100, 10)}

    found = predicted(groups, tried(REFUNDS, 20, after=True), tried(PARCELS, 20))

    assert found.times == pytest.approx(0.9)


def test_good_calls_that_break_count_against_it():
    groups = {REFUNDS: Group(1_000, 60)}
    good = [
        *tried(REFUNDS, 36, was_bad=False, before=False),
        *tried(REFUNDS, 4, was_bad=False, before=False, after=True),
    ]

    assert predicted(groups, tried(REFUNDS, 40), good).expected == pytest.approx(0.94 * 0.1)


def test_an_answer_that_was_bad_by_chance_promises_less():
    groups = {REFUNDS: Group(1_000, 60)}

    found = predicted(groups, tried(REFUNDS, 20), tried(REFUNDS, 20, before=False))

    assert found.times == pytest.approx(0.5)


def test_groups_without_an_item_are_stood_for_by_all_items():
    groups = {REFUNDS: Group(500, 50), UNSEEN: Group(500, 50)}

    found = predicted(groups, tried(REFUNDS, 20))

    assert found.times == pytest.approx(0.0)
    assert found.known == pytest.approx(0.5)


def test_fewer_items_leave_a_wider_interval():
    groups = {REFUNDS: Group(1_000, 60)}
    few, many = (
        predicted(groups, tried(REFUNDS, count // 2), tried(REFUNDS, count // 2, after=True)) for count in (10, 200)
    )

    assert few.high - few.low > 2 * (many.high - many.low)


@pytest.mark.parametrize(
    ("groups", "items"),
    [
        ({}, tried(REFUNDS, 40)),
        ({REFUNDS: Group(100, 0)}, tried(REFUNDS, 40)),
        ({REFUNDS: Group(100, 5)}, tried(REFUNDS, 4)),
    ],
)
def test_without_traffic_or_items_nothing_is_promised(groups, items):
    assert predict(groups=groups, items=items) is None
