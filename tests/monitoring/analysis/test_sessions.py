"""Users who ask the same again in other words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis import sessions
from monitoring.analysis.flags import Flag
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
ASKED, AGAIN = "How can I cancel my subscription?", "cancel my subscription please, how do I do that"


@pytest.fixture
def project():
    return make_project()


def asked_again(project) -> list[str]:
    return [row.text for row in look(project) if row.flags & Flag.ASKED_AGAIN]


def ask(project, text, *, minutes_ago: float, session: str = "s-1") -> None:
    make_trace(project, asked=text, session=session, at=timezone.now() - timedelta(minutes=minutes_ago))


def test_who_asks_again_in_other_words_within_minutes_is_noticed(project):
    ask(project, ASKED, minutes_ago=5)
    ask(project, AGAIN, minutes_ago=3)

    assert asked_again(project) == [AGAIN]


def test_the_first_question_may_have_been_looked_at_before(project):
    ask(project, ASKED, minutes_ago=5)
    look(project)
    ask(project, AGAIN, minutes_ago=3)

    assert asked_again(project) == [AGAIN]


def test_who_asks_an_hour_later_or_elsewhere_does_not_ask_again(project):
    ask(project, ASKED, minutes_ago=65)
    ask(project, AGAIN, minutes_ago=3)
    ask(project, ASKED, minutes_ago=2, session="s-2")

    assert asked_again(project) == []


def test_a_program_that_sends_the_same_words_again_is_no_user_who_asks_again(project):
    ask(project, ASKED, minutes_ago=5)
    ask(project, ASKED, minutes_ago=4)

    assert asked_again(project) == []


def test_two_calls_of_one_trace_are_one_question(project):
    trace_id = make_trace(project, asked=ASKED, session="s-1", at=timezone.now() - timedelta(minutes=5))
    make_trace(project, trace_id=trace_id, asked=AGAIN, session="s-1", at=timezone.now() - timedelta(minutes=4))

    assert asked_again(project) == []


def test_a_complaint_is_one_only_after_something_was_answered(project):
    ask(project, "This is useless, it does not help me at all!", minutes_ago=9, session="s-1")
    ask(project, "Where is my parcel?", minutes_ago=5, session="s-2")
    ask(project, "This is useless, it does not help me at all!", minutes_ago=4, session="s-2")

    assert [row.session_id for row in look(project) if row.flags & Flag.FRUSTRATED] == ["s-2"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Where is my order 4711?", "I am looking for my order 4711", True),
        ("Where is my order 4711?", "Where is my order 4712?", False),
        ("What does the blue shirt cost?", "What does the green shirt cost?", False),
        ("Where is my parcel now?", "where is my PARCEL now", False),
        ("Why not?", "But why is that?", False),
    ],
)
def test_other_words_for_the_same_are_told_from_the_same_words_for_another_thing(one, other, is_same):
    assert sessions.is_reworded(one, other) is is_same
