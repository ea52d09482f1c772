"""The kind of user is read from the metadata that the application sends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis import segments
from projects.models import AuditEvent
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project, make_user


def told(**metadata: object) -> str:
    return segments.of_call(json.dumps(metadata), segments.USUAL_KEYS)


@pytest.mark.parametrize("key", segments.USUAL_KEYS)
def test_every_usual_name_is_understood(key):
    assert told(**{key: "pro", "other": 1}) == "pro"


def test_the_likelier_name_counts_when_several_are_there():
    assert told(plan="free", segment="schools") == "schools"


@pytest.mark.parametrize("value", [None, "", "  ", ["pro"], {"a": 1}, 1.5, "x" * 81])
def test_what_is_no_short_name_is_no_segment(value):
    assert told(plan=value) == ""


@given(st.text(max_size=60))
def test_metadata_that_cannot_be_read_names_none(text):
    assert isinstance(segments.of_call(f"plan {text}", segments.USUAL_KEYS), str)


@pytest.mark.django_db
def test_calls_that_are_looked_at_keep_what_the_chosen_name_says():
    admin = make_user()
    project = make_project(by=admin)
    segments.change_key(project=project, key=" country ", by=admin)
    attributes = {"callboard.metadata.country": "NO", "callboard.metadata.plan": "pro"}
    send(project, make_span(attributes=attributes), make_span(attributes={"callboard.metadata.plan": "pro"}))

    assert sorted(call.segment for call in look(project)) == ["", "NO"]
    event = AuditEvent.objects.get(project=project, action="groups.segment_changed")
    assert event.details["segment_key"] == ["", "country"]
