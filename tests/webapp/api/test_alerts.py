"""Alerts through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.alerts import changes
from monitoring.alerts.models import Alert
from projects import keys, webhooks
from projects.models import AuditEvent, Project, User
from projects.roles import Role, Scope
from tests.monitoring.alerts.factories import again, make_alert
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db
URL = "/api/v1/alerts"


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project=project, role=Role.EDITOR)


def headers(project: Project, by: User | None, *scopes: Scope) -> dict[str, Any]:
    _, plain = keys.create(project=project, name="x", scopes=scopes or [Scope.API_READ, Scope.API_WRITE], by=by)
    return {"HTTP_AUTHORIZATION": f"Bearer {plain}", "content_type": "application/json"}


def body(by: User, **values: Any) -> dict[str, Any]:
    return {"kind": "threshold", "measure": "errors", "limit": 0.05, "people": [by.email]} | values


def test_an_alert_is_made_read_changed_and_muted(client: Client, project, editor):
    key = headers(project, editor)

    made = client.post(URL, body(editor, prompt="answer"), **key)
    assert made.status_code == 201
    found = client.get(f"{URL}/{made.json()['id']}", **key).json()
    assert (found["says"], found["state"], found["people"]) == (
        "the share of failed calls of answer is above 5% over 15 minutes", "ok", [editor.email],
    )  # fmt: skip
    changed = client.patch(f"{URL}/{found['id']}", {"limit": 0.1, "revision": found["revision"]}, **key).json()
    assert (changed["limit"], changed["prompt"]) == (0.1, "answer")
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    muted = client.post(f"{URL}/{found['id']}/mute", {"until": until}, **key).json()

    assert muted["muted_until"] is not None
    assert client.get(URL, **key).json()["items"] == [muted]
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"alert.created", "alert.changed", "alert.muted"}


def test_what_happened_is_part_of_the_alert(client: Client, project, editor):
    alert = make_alert(project, by=editor)
    changes.send_test(alert=alert, by=editor)

    found = client.get(f"{URL}/{alert.pk}", **headers(project, editor)).json()

    assert [event["news"] for event in found["events"]] == ["test"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit": 2}, "limit"), ({"people": []}, "people_ids"), ({"window_minutes": 7}, "window_minutes"),
        ({"kind": "explosion"}, "kind"), ({"invented": 1}, "invented"), ({"measure": "invented"}, "measure"),
        ({"kind": "budget", "limit": 5, "shares": [0]}, "shares.0"), ({"name": "a\x00b"}, "name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client: Client, project, editor, values, field):
    answer = client.post(URL, body(editor, **values), **headers(project, editor))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_people_and_webhooks_of_other_projects_are_never_told(client: Client, project, editor):
    other = make_project()
    stranger = make_member(project=other, role=Role.ADMIN)
    foreign, _ = webhooks.create(
        project=other, name="b", url="https://8.8.8.8/", events=["prompt:published"], by=stranger
    )
    key = headers(project, editor)

    assert client.post(URL, body(editor, people=[stranger.email]), **key).status_code == 422
    assert client.post(URL, body(editor, people=[], webhooks=[foreign.pk]), **key).status_code == 422
    made = client.post(URL, body(editor, webhooks=[foreign.pk]), **key)

    assert made.json()["webhooks"] == []


def test_an_alert_of_another_project_does_not_exist(client: Client, project, editor):
    foreign = make_alert(make_project())
    key = headers(project, editor)

    assert client.get(f"{URL}/{foreign.pk}", **key).status_code == 404
    assert client.patch(f"{URL}/{foreign.pk}", {"limit": 0.5}, **key).status_code == 404
    assert client.delete(f"{URL}/{foreign.pk}", **key).status_code == 404


def test_a_change_of_something_that_was_changed_meanwhile_is_refused(client: Client, project, editor):
    alert = make_alert(project, by=editor)

    answer = client.patch(f"{URL}/{alert.pk}", {"limit": 0.5, "revision": 99}, **headers(project, editor))

    assert answer.status_code == 409


def test_a_deleted_alert_is_gone_and_can_be_brought_back_by_a_person(client: Client, project, editor):
    alert = make_alert(project, by=editor)
    key = headers(project, editor)

    assert client.delete(f"{URL}/{alert.pk}", **key).status_code == 204
    assert client.get(f"{URL}/{alert.pk}", **key).status_code == 404
    assert changes.restore(alert=again(alert), by=editor).deleted_at is None


def test_keys_whose_maker_is_gone_or_may_not_change_nothing(client: Client, project, editor):
    viewer = make_member(project=project, role=Role.VIEWER)

    assert client.post(URL, body(editor), **headers(project, None)).status_code == 403
    assert client.post(URL, body(editor), **headers(project, viewer)).status_code == 403
    assert client.post(URL, body(editor), **headers(project, editor, Scope.API_READ)).status_code == 403
    assert not Alert.objects.exists()
