"""Answers, what they settle, and taking them back."""

from __future__ import annotations

import pytest

from evals.reviews import answering, claims, queues, settling
from evals.reviews.errors import (
    AlreadyDecided,
    NotEnoughLeft,
    NothingToDecide,
    NothingToUndo,
    NotTheAdjudicator,
    QueueClosed,
)
from evals.reviews.models import ItemState, ReviewQuestion
from evals.reviews.questions import AnswerNotUsable, NewQuestion
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.evals.reviews.factories import make_queue, make_reviewer, say
from tests.projects.factories import make_member

pytestmark = pytest.mark.django_db
GOOD = ReviewQuestion(position=0, kind="yes_no", name="good", options=["yes", "no"])
BETTER = ReviewQuestion(position=1, kind="correction", name="better", options=[])


def became(*said, wanted: int = 0, has_adjudicator: bool = False) -> tuple[str, dict]:
    values = [{"good": one} if one else None for one in said]
    found = settling.outcome(values, asked=[GOOD, BETTER], wanted=wanted or len(said), has_adjudicator=has_adjudicator)
    return found.state, found.accepted


# What answers make of an item


@pytest.mark.parametrize(
    ("said", "state", "accepted"),
    [
        (("yes",), "settled", {"good": "yes"}),
        (("yes", "yes"), "settled", {"good": "yes"}),
        (("yes", "no"), "disputed", {}),
        (("yes", "no", "yes"), "settled", {"good": "yes"}),
        (("yes", None), "disputed", {}),
        ((None, None), "settled", {}),
    ],
    ids=["one", "two alike", "two apart", "a majority", "one cannot tell", "nobody can tell"],
)
def test_answers_settle_an_item_or_leave_it_disputed(said, state, accepted):
    assert became(*said) == (state, accepted)


def test_too_few_answers_leave_an_item_open():
    assert became("yes", wanted=2)[0] == "open"


def test_somebody_who_decides_gets_every_disagreement():
    assert became("yes", "no", "yes", has_adjudicator=True)[0] == "disputed"
    assert became("yes", "yes", has_adjudicator=True)[0] == "settled"


def test_the_first_text_of_those_who_agree_is_accepted_with_the_verdict():
    said = [
        {"good": "no", "better": "First."},
        {"good": "yes", "better": "Wrong side."},
        {"good": "no", "better": "Second."},
    ]

    found = settling.outcome(said, asked=[GOOD, BETTER], wanted=3, has_adjudicator=False)

    assert found.accepted == {"good": "no", "better": "First."}


# Giving answers


def test_one_answer_settles_an_item_that_wants_one():
    queue = make_queue(items=2)
    reviewer = make_reviewer(queue)
    item = claims.take(reviewer=reviewer)[0]

    say(reviewer, item, "no", more={"1": "Say sorry."}, note="Rude", is_flagged=True, seconds=4.5)

    item.refresh_from_db()
    stored = reviewer.answers.get()
    assert (item.state, item.accepted) == (ItemState.SETTLED, {"good answer": "no", "correction": "Say sorry."})
    assert (stored.note, stored.is_flagged, stored.seconds) == ("Rude", True, 4.5)


def test_cannot_tell_keeps_no_value():
    queue = make_queue(items=2)
    reviewer = make_reviewer(queue)
    item = claims.take(reviewer=reviewer)[0]

    say(reviewer, item, "no", cannot_tell=True)

    item.refresh_from_db()
    assert reviewer.answers.get().values == {}
    assert (item.state, item.accepted) == (ItemState.SETTLED, {})


@pytest.mark.parametrize("raw", [{}, {"0": "perhaps"}, {"0": ""}], ids=["nothing", "not a choice", "empty"])
def test_an_answer_that_is_none_is_refused(raw):
    queue = make_queue(items=2)
    reviewer = make_reviewer(queue)

    with pytest.raises(AnswerNotUsable):
        answering.answer(reviewer=reviewer, item_id=queue.items.first().pk, raw=raw)

    assert not reviewer.answers.exists()


def test_an_answer_that_comes_late_is_kept():
    queue = make_queue(items=2)
    one, late = make_reviewer(queue), make_reviewer(queue)
    item = queue.items.first()
    say(one, item, "yes")

    say(late, item, "yes")

    item.refresh_from_db()
    assert item.answers.count() == 2
    assert item.state == ItemState.SETTLED


def test_the_same_person_answers_once():
    queue = make_queue(items=2)
    reviewer = make_reviewer(queue)
    item = queue.items.first()
    say(reviewer, item, "yes")

    say(reviewer, item, "no")

    item.refresh_from_db()
    assert item.answers.get().values == {"good answer": "no"}
    assert item.accepted == {"good answer": "no"}


def test_nobody_answers_in_a_closed_queue():
    queue = make_queue(items=2)
    reviewer = make_reviewer(queue)
    queues.close(queue=queue, by=None)

    with pytest.raises(QueueClosed):
        say(reviewer, queue.items.first())


def test_a_scale_takes_one_of_its_steps():
    queue = make_queue(items=2, questions=(NewQuestion("scale", "How good?", "quality"),))
    reviewer = make_reviewer(queue)

    say(reviewer, queue.items.first(), "4")

    assert reviewer.answers.get().values == {"quality": "4"}


# Taking back


def test_undo_brings_the_last_item_back_in_front():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)
    first, second, *_ = claims.take(reviewer=reviewer)
    say(reviewer, first)
    claims.take(reviewer=reviewer)

    answering.undo_last(reviewer=reviewer)

    first.refresh_from_db()
    assert first.state == ItemState.OPEN
    assert [item.pk for item in claims.held(reviewer)][:2] == [first.pk, second.pk]


def test_undo_keeps_an_answer_whose_item_the_others_settled():
    queue = make_queue(items=2)
    reviewer, item = make_reviewer(queue), queue.items.first()
    say(make_reviewer(queue), item, "yes")
    say(reviewer, item, "yes")

    with pytest.raises(NotEnoughLeft):
        answering.undo_last(reviewer=reviewer)

    assert reviewer.answers.get().item == item


def test_undo_goes_back_one_answer_after_the_other():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)
    items = claims.take(reviewer=reviewer)[:2]
    for item in items:
        say(reviewer, item)

    undone = [answering.undo_last(reviewer=reviewer).pk for _ in items]

    assert undone == [item.pk for item in reversed(items)]
    with pytest.raises(NothingToUndo):
        answering.undo_last(reviewer=reviewer)


# Deciding


def disputed(**values):
    queue = make_queue(items=2, answers_wanted=2, **values)
    item = queue.items.first()
    for value in ("yes", "no"):
        say(make_reviewer(queue), item, value)
    item.refresh_from_db()
    return queue, item


def test_the_chosen_person_decides_and_nobody_else():
    queue, item = disputed()
    chosen, other = (make_member(project=queue.project, role=Role.EDITOR) for _ in range(2))
    queues.change(queue=queue, adjudicator=chosen, daily_goal=60, is_shared=False, by=None)
    item = queue.items.get(pk=item.pk)

    with pytest.raises(NotTheAdjudicator):
        settling.decide(item=item, raw={"0": "no"}, by=other)
    settling.decide(item=item, raw={"0": "no"}, by=chosen)

    item.refresh_from_db()
    assert (item.state, item.accepted, item.accepted_by) == (ItemState.SETTLED, {"good answer": "no"}, chosen)
    assert item.answers.count() == 2


def test_nothing_is_decided_twice():
    queue, item = disputed()
    person = make_member(project=queue.project, role=Role.EDITOR)
    settling.decide(item=item, raw={"0": "no"}, by=person)

    with pytest.raises(NothingToDecide):
        settling.decide(item=item, raw={"0": "yes"}, by=person)

    item.refresh_from_db()
    assert item.accepted == {"good answer": "no"}


def test_nothing_is_decided_in_a_closed_queue():
    queue, item = disputed()
    queues.close(queue=queue, by=None)

    with pytest.raises(QueueClosed):
        settling.decide(item=item, raw={"0": "no"}, by=make_member(project=queue.project, role=Role.EDITOR))


def test_viewers_decide_nothing():
    queue, item = disputed()

    with pytest.raises(NotAllowed):
        settling.decide(item=item, raw={"0": "no"}, by=make_member(project=queue.project, role=Role.VIEWER))


def test_what_was_decided_is_not_undone_by_a_reviewer():
    queue, item = disputed()
    settling.decide(item=item, raw={"0": "no"}, by=make_member(project=queue.project, role=Role.EDITOR))
    reviewer = item.answers.order_by("pk").last().reviewer

    with pytest.raises(AlreadyDecided):
        answering.undo_last(reviewer=reviewer)


def test_a_third_answer_settles_what_two_left_open():
    queue, item = disputed()

    say(make_reviewer(queue), item, "no")

    item.refresh_from_db()
    assert (item.state, item.accepted) == (ItemState.SETTLED, {"good answer": "no"})
