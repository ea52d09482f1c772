"""Outcomes by key."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from monitoring.outcomes.models import Outcome
from projects import keys, projects
from projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="backend", scopes=["feedback:write"])[1]


def send(client: Client, key: str, *items: Any) -> Any:
    return client.post(
        "/api/v1/outcomes",
        orjson.dumps({"items": items}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def test_good_items_are_stored_and_bad_ones_named(client: Client, project: Project, key: str) -> None:
    answer = send(client, key, {"unit_id": "ann", "name": "order", "value": 49.9}, {"unit_id": "", "name": "order"})

    assert answer.status_code == 207
    stored = Outcome.objects.get(project=project)
    assert answer.json() == {
        "accepted": 1,
        "ids": [str(stored.id)],
        "rejected": [{"index": 1, "reason": "The unit_id must have 1 to 255 characters."}],
    }
    assert (stored.unit_id, stored.name, stored.value) == ("ann", "order", 49.9)


def test_a_repeated_request_changes_nothing(client: Client, project: Project, key: str) -> None:
    item = {"id": "6f1c0f0e-58a5-4a8e-9d3f-0d8e2f6d7a11", "unit_id": "ann", "name": "order"}

    answers = [send(client, key, item), send(client, key, item)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert Outcome.objects.filter(project=project).count() == 1


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b"{}", 422), (b'{"items": []}', 422)])
def test_a_body_without_items_is_refused(client: Client, key: str, body: bytes, status: int) -> None:
    answer = client.post(
        "/api/v1/outcomes", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == status


def test_more_than_a_thousand_at_once_are_too_many(client: Client, project: Project, key: str) -> None:
    answer = send(client, key, *({"unit_id": "ann", "name": "order"} for _ in range(1_001)))

    assert answer.status_code == 413
    assert not Outcome.objects.filter(project=project).exists()


def test_an_ingest_key_may_not_send_outcomes(client: Client, project: Project) -> None:
    _, ingest = keys.create(project=project, name="other", scopes=["ingest"])

    assert send(client, ingest, {"unit_id": "ann", "name": "order"}).status_code == 403


def test_the_openapi_document_tells_of_it(client: Client) -> None:
    from webapp.api.application import api

    assert "/api/v1/outcomes" in api.get_openapi_schema()["paths"]
