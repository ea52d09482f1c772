"""Who gets which item, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.reviews import claims, queues
from evals.reviews.errors import ItemUnknown
from evals.reviews.models import ReviewClaim
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_queue, make_reviewer, say

pytestmark = pytest.mark.django_db


def keys(items) -> list[str]:
    return [item.key for item in items]


def test_a_reviewer_has_one_item_and_the_next_two():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)

    taken = claims.take(reviewer=reviewer)

    assert len(taken) == 3
    assert keys(claims.held(reviewer)) == keys(taken)
    assert keys(claims.take(reviewer=reviewer)) == keys(taken)


def test_two_people_never_have_the_same_item_before_them():
    queue = make_queue(items=6)
    one, other = make_reviewer(queue), make_reviewer(queue)

    assert set(keys(claims.take(reviewer=one))).isdisjoint(keys(claims.take(reviewer=other)))


def test_people_share_items_where_that_is_wanted_as_far_as_answers_are():
    queue = make_queue(items=4, answers_wanted=2, is_shared=True)
    one, other, third = (make_reviewer(queue) for _ in range(3))

    taken = keys(claims.take(reviewer=one))

    assert keys(claims.take(reviewer=other)) == taken
    assert set(keys(claims.take(reviewer=third))).isdisjoint(taken)


def test_what_somebody_left_lying_goes_to_others():
    queue = make_queue(items=2)
    one, other = make_reviewer(queue), make_reviewer(queue)
    taken = keys(claims.take(reviewer=one))
    ReviewClaim.objects.update(until=timezone.now() - timedelta(seconds=1))

    assert claims.held(one) == []
    assert keys(claims.take(reviewer=other)) == taken


def test_what_was_put_off_comes_back_last():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)
    first = claims.take(reviewer=reviewer)[0]
    claims.postpone(reviewer=reviewer, item_id=first.pk)

    seen = []
    while items := claims.take(reviewer=reviewer):
        seen.append(items[0].key)
        say(reviewer, items[0])

    assert seen[-1] == first.key
    assert len(seen) == len(set(seen)) == 6


def test_what_was_put_off_is_free_for_others():
    queue = make_queue(items=2)
    one, other = make_reviewer(queue), make_reviewer(queue)
    first, second = claims.take(reviewer=one)
    claims.postpone(reviewer=one, item_id=first.pk)

    assert keys(claims.take(reviewer=other)) == [first.key]
    assert keys(claims.take(reviewer=one)) == [second.key]


def test_what_is_not_for_somebody_never_comes_back_to_them():
    queue = make_queue(items=2)
    one, other = make_reviewer(queue), make_reviewer(queue)
    first = claims.take(reviewer=one)[0]
    claims.skip(reviewer=one, item_id=first.pk)

    assert first.key not in keys(claims.take(reviewer=one))
    assert keys(claims.take(reviewer=other)) == [first.key]


def test_an_answered_item_is_not_asked_again_of_the_same_person():
    queue = make_queue(items=2, answers_wanted=2)
    reviewer = make_reviewer(queue)
    for item in claims.take(reviewer=reviewer):
        say(reviewer, item)

    assert claims.take(reviewer=reviewer) == []
    assert not claims.is_anything_left(reviewer)


def test_a_closed_queue_hands_out_nothing():
    queue = make_queue()
    queues.close(queue=queue, by=None)

    assert claims.take(reviewer=make_reviewer(queue)) == []


def test_items_come_in_the_order_of_the_draw():
    queue = make_queue(items=6)

    taken = claims.take(reviewer=make_reviewer(queue), count=6)

    assert [item.rank for item in taken] == sorted(item.rank for item in taken)


def test_the_most_informative_items_come_first_where_that_was_chosen():
    experiment = make_judged({"Kind": [[0.05, 0.45, 0.95, 0.9]]})
    queue = make_queue(experiment, order="informative")

    first = claims.take(reviewer=make_reviewer(queue))[0]

    assert first.interest == pytest.approx(0.9)


def test_items_of_other_queues_cannot_be_reached():
    queue, other = make_queue(), make_queue()

    with pytest.raises(ItemUnknown):
        claims.postpone(reviewer=make_reviewer(queue), item_id=other.items.first().pk)
