"""The steps of two traces side by side."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.kinds import Status
from monitoring.trace_pairs import MOST_STEPS, side_by_side
from monitoring.trace_trees import Branch, Step


def branch(name: str, depth: int = 0, *, status: Status = Status.OK) -> Branch:
    return Branch(Step(1, None, 0, 5, name=name, status=status), depth, 0, 5)


def test_a_step_that_only_one_has_stands_alone():
    pairs = side_by_side(
        [branch("plan"), branch("search", 1)], [branch("plan"), branch("rank", 1), branch("search", 1)]
    )

    assert [(pair.name, pair.is_same) for pair in pairs] == [("plan", True), ("rank", False), ("search", True)]


def test_a_step_that_failed_on_one_side_differs():
    pairs = side_by_side([branch("plan")], [branch("plan", status=Status.ERROR)])

    assert [pair.is_same for pair in pairs] == [False]


def test_of_a_giant_the_first_steps_are_compared():
    giant = [branch(f"step {number}") for number in range(3 * MOST_STEPS)]

    assert len(side_by_side(giant, giant)) == MOST_STEPS


# One number for each step: its name and its depth.
numbers = st.lists(st.integers(0, 11), max_size=20)


def made(steps: list[int]) -> list[Branch]:
    return [branch("abcd"[number % 4], number // 4) for number in steps]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(numbers, numbers)
def test_every_step_of_both_stands_there_once_and_in_order(one, other):
    first, second = made(one), made(other)

    pairs = side_by_side(first, second)

    assert [pair.before for pair in pairs if pair.before] == first
    assert [pair.after for pair in pairs if pair.after] == second
    assert all(pair.before.step.name == pair.after.step.name for pair in pairs if pair.before and pair.after)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(numbers)
def test_a_trace_beside_itself_has_no_differences(steps):
    assert all(pair.is_same for pair in side_by_side(made(steps), made(steps)))
