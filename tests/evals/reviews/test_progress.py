"""How far a queue is, and how far its people agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.reviews import progress
from evals.reviews.models import ReviewAnswer
from evals.reviews.questions import NewQuestion
from evals.statistics.agreement import Coefficient
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_queue, make_reviewer, say

pytestmark = pytest.mark.django_db


def test_items_are_counted_by_what_became_of_them():
    queue = make_queue(items=6, answers_wanted=2)
    one, other = make_reviewer(queue), make_reviewer(queue)
    first, second, third, *_ = queue.items.order_by("rank")
    said = [(one, first, "yes"), (other, first, "yes"), (one, second, "yes"), (other, second, "no"), (one, third, "no")]
    for reviewer, item, value in said:
        say(reviewer, item, value)

    found = progress.of(queue)

    assert (found.total, found.settled, found.disputed, found.open, found.answers) == (6, 1, 1, 4, 5)


def test_today_begins_at_midnight():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)
    for item in queue.items.all()[:3]:
        say(reviewer, item)
    newest = reviewer.answers.first()
    ReviewAnswer.objects.filter(pk=newest.pk).update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    assert progress.today(reviewer) == 2


def test_agreement_uses_the_coefficient_that_fits_the_question():
    queue = make_queue(
        make_judged({"Kind": ["10" * 6]}),
        answers_wanted=2,
        questions=(NewQuestion("scale", "How good?"), NewQuestion("yes_no", "Safe?")),
    )
    one, other = make_reviewer(queue), make_reviewer(queue)
    for turn, item in enumerate(queue.items.order_by("rank")):
        say(one, item, str(turn % 5 + 1), more={"1": "yes" if turn % 2 else "no"})
        say(other, item, str(turn % 5 + 1), more={"1": "yes" if turn % 2 else "no"})

    found = {line.question.text: line.agreed for line in progress.agreements(queue)}

    assert found["How good?"].coefficient == Coefficient.KRIPPENDORFF
    assert found["Safe?"].coefficient == Coefficient.COHEN
    assert found["Safe?"].value == pytest.approx(1)
    assert progress.with_others(one, queue.questions.first()).percent == 1


def test_one_person_alone_agrees_with_nobody():
    queue = make_queue(items=6)
    reviewer = make_reviewer(queue)
    for item in queue.items.all():
        say(reviewer, item)

    assert progress.agreements(queue) == []
    assert progress.with_others(reviewer, queue.questions.first()) is None


def test_the_most_diligent_stand_first():
    queue = make_queue(items=6, answers_wanted=2)
    lazy, diligent = make_reviewer(queue), make_reviewer(queue)
    say(lazy, queue.items.first(), is_flagged=True)
    for item in queue.items.all():
        say(diligent, item)

    assert [(person.pk, person.answer_count, person.flag_count) for person in progress.people(queue)] == [
        (diligent.pk, 6, 0), (lazy.pk, 1, 1),
    ]  # fmt: skip
