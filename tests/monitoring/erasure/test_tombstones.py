"""What arrives late for somebody whose data was deleted is not stored, for as long as the request holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import masking_policies
from monitoring.erasure import requests, tombstones
from monitoring.erasure.errors import AlreadyRunning, NotConfirmed, SubjectMissing
from monitoring.erasure.models import ErasedTrace, Erasure
from monitoring.models import Score, Trace
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


def ask(project, admin, *, kind="user", subject="jo@example.com", **values):
    made = requests.ask(project=project, subject=requests.checked(kind=kind, subject=subject), by=admin, **values)
    tombstones.forget()
    return made


def test_a_call_of_a_deleted_user_that_arrives_late_is_accepted_and_not_stored(project, admin):
    made = ask(project, admin)

    stored = send(project, make_span(user="jo@example.com"), make_span(user="kim@example.com"))

    made.refresh_from_db()
    assert (stored.accepted, stored.rejected, made.late_count) == (1, [], 1)
    assert Trace.objects.get(project=project).user_id == "kim@example.com"


def test_late_feedback_of_a_deleted_user_is_not_stored(project, admin):
    trace_id = make_trace(project)
    ask(project, admin)

    rate(project, trace_id, user="jo@example.com", comment="too slow")

    assert Score.objects.filter(project=project).count() == 0


def test_a_late_step_of_a_deleted_trace_is_not_stored_though_it_names_nobody(project, admin):
    trace_id = new_trace_id()
    made = ask(project, admin, kind="trace", subject=trace_id)
    ErasedTrace.objects.create(project=project, erasure=made, trace_id=trace_id)

    send(project, make_span(trace_id=trace_id))

    assert Trace.objects.filter(project=project).count() == 0


def test_a_late_call_is_known_where_ids_are_hidden(project, admin):
    choices = masking_policies.choices_of(project)
    hidden = {name: getattr(choices, name) for name in choices.__slots__} | {"ids": "hash"}
    masking_policies.change(project=project, choices=masking_policies.Choices(**hidden), by=admin)
    masking_policies.forget()
    ask(project, admin)

    send(project, make_span(user="jo@example.com"))

    assert Trace.objects.filter(project=project).count() == 0


def test_what_could_not_be_stored_of_a_deleted_user_is_not_kept_either(project, admin):
    ask(project, admin)

    send(project, make_span(trace_id="0" * 32, user="jo@example.com", asked="my secret"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM quarantined_span")
        assert cursor.fetchall() == [(tombstones.WITHHELD,)]


def test_a_request_that_no_longer_holds_lets_calls_in_again(project, admin):
    made = ask(project, admin)
    Erasure.objects.filter(pk=made.pk).update(valid_until=timezone.now() - timedelta(seconds=1))
    tombstones.forget()

    send(project, make_span(user="jo@example.com"))

    assert Trace.objects.filter(project=project).count() == 1


def test_the_same_user_of_another_project_is_not_meant(project, admin):
    ask(project, admin)
    other = make_project(by=admin)

    send(other, make_span(user="jo@example.com"))

    assert Trace.objects.filter(project=other).count() == 1


def test_a_request_is_refused_when_what_was_typed_is_another_id(project, admin):
    with pytest.raises(NotConfirmed):
        ask(project, admin, typed="kim@example.com")

    assert Erasure.objects.count() == 0


def test_the_same_request_is_refused_while_it_runs(project, admin):
    ask(project, admin)

    with pytest.raises(AlreadyRunning):
        ask(project, admin)


@pytest.mark.parametrize(
    ("kind", "subject"), [("user", "  "), ("trace", "not a trace"), ("person", "jo"), ("filter", "")]
)
def test_a_request_says_what_is_missing(kind, subject):
    with pytest.raises(SubjectMissing):
        requests.checked(kind=kind, subject=subject)
