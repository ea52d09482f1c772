"""Several reviewers at once, each on a connection of their own."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.conf import settings
from django.db import connection

from evals.reviews import claims
from evals.reviews.models import ItemState, Reviewer
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_queue, make_reviewer, say

# Each has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)


def at_once(work, reviewers: list[Reviewer]) -> None:
    gate = threading.Barrier(len(reviewers))
    troubles: list[BaseException] = []

    def run(reviewer: Reviewer) -> None:
        try:
            gate.wait(60)
            work(reviewer)
        except BaseException as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[reviewer]) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert troubles == []


def test_nobody_is_given_what_somebody_else_has_before_them():
    queue = make_queue(make_judged({"Correct": ["10" * 12]}))
    taken: list[int] = []

    at_once(
        lambda reviewer: taken.extend(item.pk for item in claims.take(reviewer=reviewer)),
        [make_reviewer(queue) for _ in range(8)],
    )

    assert len(taken) == 24
    assert len(set(taken)) == 24


def test_a_shared_item_is_given_to_as_many_as_it_wants_answers():
    queue = make_queue(make_judged({"Correct": ["1010"]}), answers_wanted=2, is_shared=True)
    taken: list[int] = []

    at_once(
        lambda reviewer: taken.extend(item.pk for item in claims.take(reviewer=reviewer)),
        [make_reviewer(queue) for _ in range(6)],
    )

    assert set(Counter(taken).values()) == {2}
    assert len(taken) == 8


def test_two_answers_to_one_item_at_once_are_both_counted():
    queue = make_queue(make_judged({"Correct": ["10"]}), answers_wanted=2, is_shared=True)
    item = queue.items.first()

    at_once(lambda reviewer: say(reviewer, item), [make_reviewer(queue) for _ in range(2)])

    item.refresh_from_db()
    assert item.answers.count() == 2
    assert item.state == ItemState.SETTLED
