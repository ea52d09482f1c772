"""What the team does with feedback."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction

from monitoring.errors import MarkRefused
from monitoring.feedback import triage
from monitoring.feedback.wanted import Wanted
from monitoring.models import Score
from projects.models import AuditEvent
from tests.monitoring.factories import new_trace_id
from tests.monitoring.feedback.factories import say
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def user():
    return make_user()


def mark(project, user, *rows, to="handled", **fields):
    wanted = Wanted(project.pk, **fields)
    return triage.mark(project=project, wanted=wanted, score_ids=[row.id for row in rows], to=to, by=user)


def test_a_mark_says_who_and_when(project, user):
    row = say(project, "Wrong")

    assert mark(project, user, row) == 1

    row.refresh_from_db()
    assert (row.triage, row.triaged_by) == ("handled", user)
    assert row.triaged_at is not None
    assert AuditEvent.objects.get(action="feedback.marked").details == {"count": 1}


def test_a_row_is_marked_with_all_that_say_the_same(project, user):
    rows = [say(project, "Buy pills") for _ in range(3)]
    other = say(project, "Something else")

    assert mark(project, user, rows[-1], to="dismissed") == 3

    other.refresh_from_db()
    assert other.triage == "new"


def test_what_the_filter_does_not_show_stays(project, user):
    shown, hidden = say(project, "Wrong", source="user"), say(project, "Wrong", source="human")

    assert mark(project, user, shown, source="user") == 1

    hidden.refresh_from_db()
    assert hidden.triage == "new"


def test_what_is_there_already_keeps_who_put_it_there(project, user):
    row = say(project, "Wrong")
    mark(project, user, row)

    assert mark(project, make_user(), row) == 0

    row.refresh_from_db()
    assert row.triaged_by == user


def test_another_project_marks_nothing(project, user):
    row = say(project, "Wrong")

    assert mark(make_project(), user, row) == 0


def test_a_state_that_does_not_exist_is_refused(project, user):
    with pytest.raises(MarkRefused):
        mark(project, user, say(project, "Wrong"), to="eaten")


def test_the_same_sent_twice_stays_handled(project, user):
    fields = {"id": str(uuid.uuid4()), "trace_id": new_trace_id(), "user_id": "ann"}
    mark(project, user, say(project, "Wrong", **fields))

    again = say(project, "Wrong", **fields)

    assert (again.triage, again.triaged_by) == ("handled", user)


def test_somebody_who_says_something_else_comes_back_as_new(project, user):
    fields = {"trace_id": new_trace_id(), "user_id": "ann"}
    mark(project, user, say(project, "Wrong", **fields))

    again = say(project, "Still wrong, and rude", **fields)

    assert again.triage == "new"
    assert Score.objects.filter(project=project).count() == 1


def test_the_database_refuses_a_mark_without_a_moment(project):
    row = say(project, "Wrong")

    with pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.filter(project=project, id=row.id).update(triage="handled")


def test_a_mark_outlives_the_account_of_whoever_made_it(project, user):
    row = say(project, "Wrong")
    mark(project, user, row)

    user.delete()

    row.refresh_from_db()
    assert (row.triage, row.triaged_by) == ("handled", None)
