from hypothesis import given
from hypothesis import strategies as st

from monitoring.kinds import Kind, Mark, Status
from monitoring.trace_trees import Oddity, Step, arrange, of_interest, self_time_ns, without_background


def step(span_id, parent_id=None, start=0, took=100, **fields):
    return Step(span_id, parent_id, start, took, **fields)


def shape(steps):
    return [(branch.step.span_id, branch.depth) for branch in arrange(steps)]


def test_children_follow_their_parent_in_the_order_they_began():
    assert shape([step(3, 1, start=50), step(1), step(2, 1, start=10), step(4, 2, start=20)]) == [
        (1, 0),
        (2, 1),
        (4, 2),
        (3, 1),
    ]


def test_a_step_whose_parent_has_not_arrived_stands_at_the_top_and_says_so():
    branches = arrange([step(1, start=5), step(2, 99, start=0), step(3, 2, start=1)])

    assert [(branch.step.span_id, branch.depth, branch.oddity) for branch in branches] == [
        (2, 0, Oddity.ORPHAN), (3, 1, Oddity.NONE), (1, 0, Oddity.NONE),
    ]  # fmt: skip


def on_the_way(*args, **fields):
    return step(*args, marks=Mark.BACKGROUND, **fields)


def test_requests_made_on_the_way_are_left_out_unless_they_failed_or_hold_something():
    steps = [
        step(1), on_the_way(2, 1), on_the_way(3, 1, status=Status.ERROR), on_the_way(4, 1), on_the_way(5, 4), step(6, 5),
        on_the_way(7, 5),
    ]  # fmt: skip

    assert [one.span_id for one in without_background(steps)] == [1, 3, 4, 5, 6]


def test_a_trace_of_nothing_else_is_shown_whole():
    steps = [on_the_way(1), on_the_way(2, 1)]

    assert without_background(steps) == steps


def test_circles_of_requests_made_on_the_way_end():
    assert without_background([on_the_way(1, 2), on_the_way(2, 1), step(3, 1)]) == [
        on_the_way(1, 2), on_the_way(2, 1), step(3, 1),
    ]  # fmt: skip


def test_circles_are_cut_open_at_their_earliest_step():
    branches = arrange([step(1, 3, start=0), step(2, 1, start=1), step(3, 2, start=2), step(4, 4, start=9)])

    assert [(branch.step.span_id, branch.depth, branch.oddity) for branch in branches] == [
        (1, 0, Oddity.CIRCLE), (2, 1, Oddity.NONE), (3, 2, Oddity.NONE), (4, 0, Oddity.CIRCLE),
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.none() | st.integers(0, 35), st.integers(0, 99)), unique_by=lambda row: row[0]
    )
)
def test_every_step_appears_exactly_once_whatever_the_parents_claim(rows):
    found = [branch.step.span_id for branch in arrange([step(*row) for row in rows])]

    assert sorted(found) == sorted(row[0] for row in rows)


def test_a_chain_of_fifty_thousand_steps_is_arranged():
    branches = arrange([step(number, number - 1 if number else None, start=number) for number in range(50_000)])

    assert branches[-1].depth == 49_999


def test_own_time_leaves_out_what_children_took_even_when_they_overlap():
    children = [step(2, 1, start=10, took=30), step(3, 1, start=20, took=30), step(4, 1, start=90, took=50)]

    assert self_time_ns(step(1, took=100), children) == 100 - 40 - 10


@given(st.integers(0, 100), st.lists(st.tuples(st.integers(-50, 150), st.integers(0, 150))))
def test_own_time_is_never_negative_nor_longer_than_the_step(took, spans):
    children = sorted(
        (step(9, 1, start=start, took=length) for start, length in spans), key=lambda child: child.start_ns
    )

    assert 0 <= self_time_ns(step(1, took=took), children) <= took


def test_the_cause_of_a_failure_is_shown_first():
    branches = arrange([
        step(1, status=Status.ERROR), step(2, 1, start=1, kind=Kind.LLM), step(3, 1, start=2, status=Status.ERROR),
        step(4, 3, start=3, status=Status.ERROR), step(5, 1, start=4, status=Status.ERROR),
    ])  # fmt: skip

    assert of_interest(branches).step.span_id == 4


def test_without_a_failure_the_last_call_is_shown_first():
    branches = arrange(
        [step(1), step(2, 1, start=1, kind=Kind.LLM), step(3, 1, start=200, kind=Kind.LLM), step(4, 1, start=300)]
    )

    assert of_interest(branches).step.span_id == 3


def test_without_calls_the_first_step_is_shown():
    assert of_interest(arrange([step(2, 1, start=1), step(1)])).step.span_id == 1
    assert of_interest([]) is None
