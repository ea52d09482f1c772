"""Who and what costs most is read from the newest requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.costs import dearest
from monitoring.costs.days import Days
from monitoring.costs.reading import Narrowed
from monitoring.kinds import Kind
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def call(**fields):
    return make_span(at=timezone.now() - timedelta(minutes=5), **fields)


def noted(note, **fields):
    return call(attributes={f"callboard.metadata.{key}": value for key, value in note.items()}, **fields)


def asked(project, **narrowed):
    return {"project": project, "days": Days(7, timezone.now()), "narrowed": Narrowed(**narrowed)}


def amounts(found):
    return [(share.value, share.cost_usd) for share in found.shares]


def test_users_are_listed_with_the_dearest_first(project):
    send(
        project,
        call(user="ann", cost_usd=1),
        call(user="bob", cost_usd=5),
        call(user="ann", cost_usd=2),
        call(cost_usd=4),
    )

    found = dearest.users(**asked(project))

    assert amounts(found) == [("bob", 5.0), ("", 4.0), ("ann", 3.0)]
    assert (found.request_count, found.value_count, found.cost_usd, found.is_cut) == (4, 3, 12.0, False)


def test_a_note_on_any_step_counts_for_the_whole_request(project):
    trace, root = new_trace_id(), "00000000000000aa"
    send(
        project, noted({"feature": "search"}, trace_id=trace, span_id=root, kind=Kind.CHAIN),
        call(trace_id=trace, parent_id=root, cost_usd=3), noted({"feature": "chat"}, cost_usd=1), call(cost_usd=2),
    )  # fmt: skip

    found = dearest.features(**asked(project), key="feature")

    assert amounts(found) == [("search", 3.0), ("", 2.0), ("chat", 1.0)]


def test_a_filter_leaves_out_other_requests(project):
    send(project, call(user="ann", cost_usd=1, model="big"), call(user="bob", cost_usd=5))

    assert amounts(dearest.users(**asked(project, model="big"))) == [("ann", 1.0)]


def test_only_the_newest_requests_are_read_and_that_is_said(project, monkeypatch):
    monkeypatch.setattr(dearest, "MOST_READ", 2)
    send(project, *(call(user=str(number), cost_usd=1) for number in range(3)))

    found = dearest.users(**asked(project))

    assert (found.request_count, found.is_cut) == (2, True)


def test_users_of_another_project_stay_there(project):
    send(make_project(), call(user="ann", cost_usd=1))

    assert dearest.users(**asked(project)).shares == []
