"""Deleting on request through the API."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from monitoring.erasure.models import Erasure
from projects import keys
from projects.models import Membership
from projects.roles import Role, Scope
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


@pytest.fixture
def headers(project, admin):
    _, plain = keys.create(project=project, name="k", scopes=[Scope.API_READ, Scope.API_WRITE], by=admin)
    return {"Authorization": f"Bearer {plain}"}


def ask(headers, **document):
    return Client().post("/api/v1/erasures", json.dumps(document), content_type="application/json", headers=headers)


def test_a_deletion_is_asked_for_and_looked_at_without_naming_whom_it_is_about(headers):
    made = ask(headers, kind="user", id="jo@example.com", valid_days=7)

    shown = Client().get(f"/api/v1/erasures/{made.json()['id']}", headers=headers)
    listed = Client().get("/api/v1/erasures", headers=headers)

    assert (made.status_code, made.json()["state"], shown.json()["kind"]) == (202, "waiting", "user")
    assert [one["id"] for one in listed.json()["items"]] == [made.json()["id"]]
    assert "jo@example.com" not in made.text + shown.text + listed.text


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({}, 422),
        ({"kind": "filter", "id": "x"}, 422),
        ({"kind": "trace", "id": "x"}, 422),
        ({"kind": "user", "id": "jo", "valid_days": 0}, 422),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(headers, document, status):
    assert ask(headers, **document).status_code == status
    assert not Erasure.objects.exists()


def test_the_same_request_twice_is_a_conflict(headers):
    ask(headers, kind="user", id="jo")

    assert ask(headers, kind="user", id="jo").status_code == 409


def test_a_key_of_somebody_who_is_no_admin_any_more_cannot_delete(headers, project, admin):
    Membership.objects.filter(project=project, user=admin).update(role=Role.EDITOR)

    assert ask(headers, kind="user", id="jo").status_code == 403
