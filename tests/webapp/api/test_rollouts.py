"""Rollouts through the API: reading them, and taking one back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from projects import keys
from projects.models import Project
from projects.roles import Scope
from prompt_registry.models import Rollout
from tests.prompt_registry.factories import make_project
from tests.prompt_registry.rollouts.factories import make_rollout

pytestmark = pytest.mark.django_db


def _headers(project: Project, *scopes: Scope) -> dict[str, Any]:
    _, plain = keys.create(project=project, name="x", scopes=scopes)
    return {"HTTP_AUTHORIZATION": f"Bearer {plain}"}


def test_a_rollout_is_listed_and_read_with_its_steps(client: Client):
    rollout = make_rollout()
    headers = _headers(rollout.project, Scope.API_READ)

    listed = client.get("/api/v1/rollouts", {"prompt": rollout.prompt.name, "state": "running"}, **headers).json()
    one = client.get(f"/api/v1/rollouts/{rollout.pk}", **headers).json()

    assert listed["items"] == [one]
    assert (one["control_version"], one["candidate_version"], one["share"]) == (1, 2, 0.01)
    assert [step["began_at"] is None for step in one["steps"]] == [False, True, True]


def test_an_application_takes_a_rollout_back_once(client: Client):
    rollout = make_rollout()
    headers = _headers(rollout.project, Scope.API_WRITE)
    address = f"/api/v1/rollouts/{rollout.pk}/roll-back"

    first = client.post(address, {"reason": "The alarm rang."}, content_type="application/json", **headers)
    second = client.post(address, {}, content_type="application/json", **headers)

    assert (first.status_code, first.json()["state"], first.json()["reason"]) == (200, "rolled_back", "The alarm rang.")
    assert second.status_code == 409


def test_reading_keys_and_other_projects_take_nothing_back(client: Client):
    rollout = make_rollout()
    address = f"/api/v1/rollouts/{rollout.pk}/roll-back"

    assert client.post(address, **_headers(rollout.project, Scope.API_READ)).status_code == 403
    assert client.post(address, **_headers(make_project(), Scope.API_WRITE)).status_code == 404
    assert Rollout.objects.get().state == "running"


@pytest.mark.parametrize("body", ["[]", "{", '{"reason": 3}'], ids=["list", "broken", "number"])
def test_a_wrong_body_is_refused(client: Client, body: str):
    rollout = make_rollout()
    headers = _headers(rollout.project, Scope.API_WRITE)

    answer = client.post(f"/api/v1/rollouts/{rollout.pk}/roll-back", body, content_type="application/json", **headers)

    assert answer.status_code in (400, 422)
