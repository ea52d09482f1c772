"""Behaviour of the audit log."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from projects import audit
from projects.models import AuditEvent
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def record(project, subject: str = "something", **details):
    return audit.record(action="test.happened", subject=subject, by=None, project=project, **details)


def events(project):
    return AuditEvent.objects.filter(project=project).order_by("pk")


def test_events_form_a_chain(project):
    for number in range(3):
        record(project, number=number)

    rows = list(events(project))
    assert [bytes(row.previous_hash) for row in rows[1:]] == [bytes(row.content_hash) for row in rows[:-1]]
    assert audit.first_broken(events(project)) is None


def test_the_chain_survives_the_way_through_the_database(project):
    record(project, subject="ünïcödé 🙂", nested={"b": [1, 2.5, None], "a": "x"}, flag=True)

    assert audit.first_broken(events(project)) is None


@pytest.mark.parametrize("field", ["actor", "action", "subject", "address"])
def test_an_altered_event_is_found(project, field):
    record(project)
    altered = record(project)
    record(project)
    setattr(altered, field, "somebody else")

    found = audit.first_broken([altered if row.pk == altered.pk else row for row in events(project)])

    assert found == altered


def test_a_removed_event_is_found(project):
    removed, following = record(project), record(project)

    assert audit.first_broken([row for row in events(project) if row != removed]) == following


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_alter_events(project, statement):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_project_has_its_own_chain():
    first, second = make_project(), make_project()
    record(first)
    record(second)

    assert audit.first_broken(events(first)) is None
    assert audit.first_broken(events(second)) is None


def test_an_event_tells_who_and_from_where(project):
    user = make_user()
    token = audit.origin.set(audit.Origin(address="203.0.113.9"))
    event = audit.record(action="test.happened", subject="x", by=user, project=project)
    audit.origin.reset(token)

    assert (event.actor, event.address) == (user.email, "203.0.113.9")


def test_an_event_of_an_application_names_its_key(project):
    token = audit.origin.set(audit.Origin(key_id="abc123abc123"))
    event = record(project)
    audit.origin.reset(token)

    assert event.actor == "key abc123abc123"


def test_a_change_that_fails_leaves_no_event(project):
    before = events(project).count()

    def fail() -> None:
        record(project)
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        fail()

    assert events(project).count() == before
