"""Calls in which users asked for much the same."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from monitoring.exploring import similar
from monitoring.models import Trace
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def ask(project, text, minutes=5):
    return make_trace(project, asked=text, at=timezone.now() - timedelta(minutes=minutes))


def alike(project, trace_id, **more):
    call = similar.call_of(Trace.objects.get(project=project, trace_id=UUID(trace_id)))
    now = timezone.now()
    return similar.to(call, project=project, since=now - timedelta(hours=1), until=now, **more)


def test_the_nearest_questions_come_first(project):
    asked = ask(project, "How do I get my money back for the broken lamp?")
    near = ask(project, "How do I get my money back for the broken chair?")
    ask(project, "Which trains go to Vienna on Sunday morning?")
    look(project)

    found = alike(project, asked)

    assert found.asked == "How do I get my money back for the broken lamp?"
    assert found.calls[0].trace_id == UUID(near)
    assert found.calls[0].text == "How do I get my money back for the broken chair?"
    assert all(call.likeness <= found.calls[0].likeness for call in found.calls)
    assert UUID(asked) not in [call.trace_id for call in found.calls]


def test_calls_of_another_time_or_project_are_left_out(project):
    asked = ask(project, "Where is my parcel?")
    ask(project, "Where is my parcel?", minutes=90)
    other = make_project()
    ask(other, "Where is my parcel?")
    look(project)
    look(other)

    assert alike(project, asked).calls == []


def test_vectors_of_another_space_are_never_compared(project):
    asked = ask(project, "Where is my parcel?")
    ask(project, "Where is my parcel?")
    for call in look(project):
        if call.trace_id != UUID(asked):
            type(call).objects.filter(project=project, trace_id=call.trace_id).update(embedding_version="other")

    assert alike(project, asked).calls == []


def test_a_trace_that_nobody_looked_at_has_nothing_to_compare(project):
    trace_id = ask(project, "Where?")

    assert similar.call_of(Trace.objects.get(project=project, trace_id=UUID(trace_id))) is None
