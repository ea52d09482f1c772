"""Rollouts through the API: reading them, and taking one back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from projects import keys
from projects.models import Project
from projects.roles import Scope
from prompt_registry import labels
from prompt_registry.models import Prompt, Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.guardrails import DEAR
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.prompt_registry.factories import make_project
from tests.prompt_registry.rollouts.factories import make_approver, make_live_prompt, make_rollout

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


def _staging(prompt: Prompt) -> None:
    """Let the first version be live where nobody's approval is needed."""
    labels.publish(prompt=prompt, version=prompt.versions.get(number=1), label="staging", by=make_approver(prompt))


def test_an_application_starts_moves_and_stops_a_rollout_behind_a_label_that_is_not_protected(client: Client):
    prompt = make_live_prompt()
    _staging(prompt)
    headers = _headers(prompt.project, Scope.API_WRITE)
    wanted = {"prompt": prompt.name, "version": 2, "label": "staging", "shares": [0.1, 0.5], "hours": 1, "note": "CI"}

    made = client.post("/api/v1/rollouts", wanted, content_type="application/json", **headers)
    again = client.post("/api/v1/rollouts", wanted, content_type="application/json", **headers)
    address = f"/api/v1/rollouts/{made.json()['id']}"
    states = []
    for act in ("pause", "resume", "advance", "roll-back"):
        sent = client.post(f"{address}/{act}", {"reason": "Now."}, content_type="application/json", **headers)
        states.append((sent.status_code, sent.json()["state"], sent.json()["share"]))

    assert (made.status_code, again.status_code) == (201, 409)
    assert [step["share"] for step in made.json()["steps"]] == [0.1, 0.5]
    assert states == [(200, "paused", 0.1), (200, "running", 0.1), (200, "running", 0.5), (200, "rolled_back", 0.0)]
    history = Rollout.objects.get().decisions.order_by("pk").values_list("action", flat=True)
    assert list(history) == ["started", "paused", "resumed", "advance", "roll back"]


@pytest.mark.parametrize(
    ("sent", "status", "allowance"), [({}, 201, 0.1), ({"dearer": 0.4}, 201, 0.5), ({"dearer": -1}, 422, None)]
)
def test_an_application_may_say_how_much_dearer_calls_may_become(
    client: Client, sent, status: int, allowance: float | None
):
    prompt = make_live_prompt()
    _staging(prompt)
    for number in range(120):
        call = make_span(
            trace_id=new_trace_id(), at=timezone.now() - timedelta(hours=2, seconds=number), prompt=prompt.name, version=1,
            user=f"user {number}", cost_usd=0.001,
        )  # fmt: skip
        send(prompt.project, call)
    wanted = {"prompt": prompt.name, "version": 2, "label": "staging", **sent}

    made = client.post(
        "/api/v1/rollouts", wanted, content_type="application/json", **_headers(prompt.project, Scope.API_WRITE)
    )

    assert made.status_code == status
    plans = [changes.plan_of(rollout) for rollout in Rollout.objects.all()]
    found = [one.allowance for plan in plans for one in plan.guardrails if one.kind == DEAR]
    assert found == ([pytest.approx(allowance)] if allowance else [])


@pytest.mark.parametrize("act", ["resume", "advance"])
def test_behind_a_protected_label_only_people_move_on(client: Client, act: str):
    rollout = make_rollout()
    headers = _headers(rollout.project, Scope.API_WRITE)
    if act == "resume":
        changes.pause(rollout=rollout, by=rollout.started_by, reason="")

    answer = client.post(
        f"/api/v1/rollouts/{rollout.pk}/{act}", {"reason": "Go."}, content_type="application/json", **headers
    )

    assert answer.status_code == 403
    assert Rollout.objects.get().step == 0


def test_behind_a_protected_label_only_people_start(client: Client):
    prompt = make_live_prompt()
    headers = _headers(prompt.project, Scope.API_WRITE)

    answer = client.post(
        "/api/v1/rollouts", {"prompt": prompt.name, "version": 2}, content_type="application/json", **headers
    )

    assert answer.status_code == 403
    assert not Rollout.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "status"),
    [({"version": 9}, 404), ({"label": "nowhere"}, 404), ({"shares": [0.5, 0.1]}, 422), ({"hours": -1, "shares": [0.1]}, 422),
     ({"prompt": "none"}, 404), ({"caution": "bold"}, 422)],
)  # fmt: skip
def test_a_rollout_that_cannot_be_started_is_refused_with_the_reason(
    client: Client, wanted: dict[str, Any], status: int
):
    prompt = make_live_prompt()
    _staging(prompt)
    headers = _headers(prompt.project, Scope.API_WRITE)
    sent = {"prompt": prompt.name, "version": 2, "label": "staging"} | wanted

    answer = client.post("/api/v1/rollouts", sent, content_type="application/json", **headers)

    assert answer.status_code == status
    assert answer.json()["detail"]
