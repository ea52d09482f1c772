"""Only what did better goes on, only one suggestion meets what was held out, and only a sure success is accepted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evals.experiments.fix_verdicts import GateState
from evals.proposals import budgets, search
from evals.proposals.search import Outcome, Round, Stage, Tried, Verdict
from tests.evals.proposals.test_budgets import items

ITEMS = items()
SIZES = budgets.sizes_for(ITEMS, most_calls=500)
ADDED = {0: 40, 1: 60, 2: 50, 3: 10, 4: 20}


def tried(problems: float, count: int, good: float = 1.0, good_count: int = 0) -> Tried:
    """Return answers of which these shares are right."""

    def rights(share: float, of: int) -> list[bool]:
        return [place < round(share * of) for place in range(of)]

    return Tried(rights(problems, count), {"length": rights(good, good_count)})


def play(quality: dict[int, tuple[float, float]]) -> tuple[Verdict, list[Round]]:
    """Play a search in which each suggestion is right so often on calls with the problem, and on good ones."""
    outcomes, rounds = [], []
    while not isinstance(step := next_step(outcomes), Verdict):
        rounds.append(step)
        counts = len(step.problems), len(step.good)
        rows = {place: tried(quality[place][0], counts[0], quality[place][1], counts[1]) for place in step.candidates}
        outcomes.append(Outcome(step.stage, tried(0.0, counts[0], 1.0, counts[1]), rows))
    return step, rounds


def next_step(outcomes: list[Outcome]) -> Round | Verdict:
    return search.next_step(items=ITEMS, sizes=SIZES, added=ADDED, outcomes=outcomes)


def test_the_cure_is_found_and_accepted():
    verdict, rounds = play({0: (0.1, 1.0), 1: (0.9, 1.0), 2: (0.0, 1.0), 3: (0.9, 0.4), 4: (0.3, 1.0)})

    assert (verdict.finalist, verdict.is_accepted) == (1, True)
    assert [one.stage for one in rounds] == [Stage.FIRST, Stage.SECOND, Stage.PROOF]


def test_only_one_suggestion_meets_what_was_held_out():
    _, rounds = play(dict.fromkeys(ADDED, (0.8, 1.0)))

    for one in rounds:
        is_proof = one.stage == Stage.PROOF
        assert bool(set(one.problems) & set(ITEMS.held_out)) == is_proof
        assert not is_proof or len(one.candidates) == 1


def test_of_two_that_did_the_same_the_shorter_one_goes_on():
    verdict, _ = play(dict.fromkeys(ADDED, (0.8, 1.0)))

    assert verdict.finalist == 3


def test_nothing_goes_on_when_nothing_did_better():
    verdict, rounds = play(dict.fromkeys(ADDED, (0.0, 1.0)))

    assert (verdict.finalist, len(rounds)) == (None, 1)


def test_what_breaks_good_calls_is_not_accepted():
    verdict, _ = play(dict.fromkeys(ADDED, (1.0, 0.8)))

    assert not verdict.is_accepted


def test_two_suggestions_need_no_first_look():
    step = search.next_step(items=ITEMS, sizes=SIZES, added={1: 5, 4: 5}, outcomes=[])

    assert isinstance(step, Round)
    assert (step.stage, step.candidates) == (Stage.SECOND, (1, 4))


def test_without_a_usable_suggestion_nothing_is_asked():
    assert isinstance(search.next_step(items=ITEMS, sizes=SIZES, added={}, outcomes=[]), Verdict)


def test_a_check_that_gets_worse_is_named():
    base = Tried([False] * 30, {"kind": [True] * 80, "short": [False] * 40 + [True] * 40})
    new = Tried([True] * 30, {"kind": [True] * 40 + [False] * 40, "short": [True] * 40 + [True] * 40})

    found = search.gate(base, new)

    assert found.state == GateState.FAILED


def test_items_that_nobody_can_judge_are_left_out():
    base = Tried([False] * 20 + [None] * 20, {"kind": [True] * 80})
    new = Tried([True] * 20 + [None] * 20, {"kind": [True] * 80})

    found = search.gate(base, new)

    assert found.problems is not None
    assert (found.state, found.problems.items) == (GateState.PASSED, 20)


shares = st.floats(0, 1)


@given(st.dictionaries(st.sampled_from(list(ADDED)), st.tuples(shares, shares), min_size=5, max_size=5))
def test_a_search_takes_no_more_answers_than_its_sizes_say(quality):
    _, rounds = play(quality)

    asked = {(place, key) for one in rounds for place in (-1, *one.candidates) for key in (*one.problems, *one.good)}
    assert len(asked) <= SIZES.answers


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=8, max_size=60), st.integers(60, 120))
def test_what_is_not_better_is_never_accepted(pairs, good):
    before, after = [new or old for old, new in pairs], [new and old for old, new in pairs]

    found = search.gate(Tried(before, {"x": [True] * good}), Tried(after, {"x": [True] * good}))

    assert found.state != GateState.PASSED


@given(st.lists(st.booleans(), min_size=8, max_size=60), st.lists(st.booleans(), min_size=60, max_size=120))
def test_the_same_answers_are_never_accepted(problems, good):
    same = Tried(problems, {"x": good})

    assert search.gate(same, same).state != GateState.PASSED


@given(
    st.permutations(list(ADDED)), st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=5, max_size=5)
)
def test_the_order_of_suggestions_does_not_matter(order, answers):
    rows = {place: Tried(answers[place], {"x": [True] * 6}) for place in ADDED}
    base = Tried([False] * 12, {"x": [True] * 6})

    assert search.survivors(
        Outcome(Stage.FIRST, base, {place: rows[place] for place in order}), keep=2, added=ADDED
    ) == (search.survivors(Outcome(Stage.FIRST, base, rows), keep=2, added=ADDED))


@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=5, max_size=5), st.integers(1, 3))
def test_who_goes_on_did_better_than_the_text_as_it_is(answers, keep):
    base = Tried([True, False] * 6, {"x": [True] * 6})
    rows = {place: Tried(answers[place], {"x": [True] * 6}) for place in ADDED}

    kept = search.survivors(Outcome(Stage.FIRST, base, rows), keep=keep, added=ADDED)

    assert len(kept) <= keep
    assert all(sum(answers[place]) > 6 for place in kept)
