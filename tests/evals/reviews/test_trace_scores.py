"""Accepted answers about recorded calls stand on their traces."""

from __future__ import annotations

import uuid

import pytest

from evals.reviews import answering, settling
from evals.reviews.questions import CORRECTION, GOOD, NewQuestion
from monitoring.models import Score
from projects.roles import Role
from tests.evals.reviews.factories import make_call_queue, make_reviewer, say
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db
ASKED = (
    GOOD, NewQuestion("scale", "How kind?", "kindness"), NewQuestion("choice", "What is wrong?", "problem", ("Tone", "Facts")),
    CORRECTION,
)  # fmt: skip
RAW = {"1": "4", "2": "Tone", "3": "Sorry for the wait."}


@pytest.fixture
def queue():
    project = make_project()
    make_trace(project, asked="Where is it?", answered="No idea.")
    return make_call_queue(project, questions=ASKED)


def stored(queue) -> dict[str, Score]:
    return {score.name: score for score in Score.objects.filter(project=queue.project)}


def test_an_accepted_answer_becomes_scores_of_the_team(queue):
    reviewer = make_reviewer(queue)
    item = queue.items.get()

    say(reviewer, item, "no", more=RAW, note="Cold")

    found = stored(queue)
    assert (found["good answer"].value, found["good answer"].data_type, found["good answer"].comment) == (
        0,
        "boolean",
        "Cold",
    )
    assert (found["kindness"].value, found["problem"].string_value) == (4, "Tone")
    assert (found["correction"].data_type, found["correction"].string_value) == ("correction", "Sorry for the wait.")
    assert {score.source for score in found.values()} == {"human"}
    assert {score.author_id for score in found.values()} == {reviewer.user_id}
    assert {(score.trace_id, score.span_id) for score in found.values()} == {(item.trace_id, item.span_id)}


def test_a_changed_answer_replaces_its_scores(queue):
    reviewer = make_reviewer(queue)
    say(reviewer, queue.items.get(), "no", more=RAW)

    say(reviewer, queue.items.get(), "yes", more={"1": "5", "2": "Facts"})

    found = stored(queue)
    assert found["good answer"].value == 1
    assert "correction" not in found


def test_undo_takes_the_scores_away(queue):
    reviewer = make_reviewer(queue)
    say(reviewer, queue.items.get(), "no", more=RAW)

    answering.undo_last(reviewer=reviewer)

    assert stored(queue) == {}


def test_disagreement_stores_nothing_until_somebody_decides():
    project = make_project()
    make_trace(project, asked="Where is it?", answered="No idea.")
    queue = make_call_queue(project, answers_wanted=2)
    item = queue.items.get()
    for value in ("yes", "no"):
        say(make_reviewer(queue), item, value)
    assert stored(queue) == {}
    judge = make_member(project=project, role=Role.EDITOR)

    settling.decide(item=item, raw={"0": "no"}, by=judge)

    assert (stored(queue)["good answer"].value, stored(queue)["good answer"].author_id) == (0, judge.pk)


def test_scores_of_others_stay(queue):
    from monitoring import scores

    scores.withdraw(project_id=queue.project_id, score_ids=[uuid.uuid4()])
    say(make_reviewer(queue), queue.items.get(), "yes", more=RAW)
    scores.withdraw(project_id=make_project().pk, score_ids=[score.id for score in stored(queue).values()])

    assert len(stored(queue)) == 4
