"""The table of statuses in docs/guide/ingest.md for the JSON API, row by row."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from psycopg_pool import PoolTimeout

from monitoring import quotas, scores
from monitoring.models import Score
from monitoring.quotas import Quota
from projects import keys, projects
from projects.models import Project
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member
from webapp import disk, draining

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"
GOOD = {"trace_id": TRACE, "name": "thumbs", "data_type": "thumbs", "value": 1}
GIGABYTE = 1024**3


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="app", scopes=["feedback:write"])[1]


def post(client: Client, key: str, body: bytes | None = None, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {key}"} if key else {}
    body = orjson.dumps({"items": [GOOD]}) if body is None else body
    return client.post("/api/v1/feedback", body, content_type="application/json", headers={**sent, **headers})


def reason(answer: Any) -> str:
    """Return the sentence of the problem document."""
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["detail"])


def test_everything_stored_is_200_with_the_ids(client, key):
    answer = post(client, key)

    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "ids": [str(Score.objects.get().id)], "rejected": []}


def test_some_unusable_is_207_with_the_reasons(client, key):
    answer = post(client, key, orjson.dumps({"items": [GOOD, {}]}))

    assert (answer.status_code, answer.json()["rejected"][0]["index"]) == (207, 1)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_cannot_be_decoded_is_400(client, key, body):
    answer = post(client, key, body)

    assert (answer.status_code, "JSON" in reason(answer)) == (400, True)


def test_no_or_an_unknown_key_is_401_and_another_scope_403(client, project):
    _, reader = keys.create(project=project, name="reader", scopes=["prompts:read"])

    statuses = [post(client, one).status_code for one in ("", "cb_unknown", reader)]

    assert statuses == [401, 401, 403]


def test_too_much_is_413(client, key):
    answers = [
        post(client, key, b" " * (10 * 1024 * 1024 + 1)),
        post(client, key, gzip.compress(bytes(3 * 1024 * 1024)), **{"Content-Encoding": "gzip"}),
        post(client, key, orjson.dumps({"items": [GOOD] * 1_001})),
    ]

    assert [answer.status_code for answer in answers] == [413] * 3


def test_another_compression_is_415(client, key):
    assert post(client, key, **{"Content-Encoding": "br"}).status_code == 415


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed"), PoolTimeout("none")], ids=type)
def test_a_database_that_is_away_is_503(client, key, monkeypatch, error):
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(scores, "record", broken)

    answer = post(client, key)

    assert (answer.status_code, "Nothing was changed" in reason(answer)) == (503, True)
    assert 1 <= int(answer["Retry-After"]) <= 5


def test_an_almost_full_disk_is_503(client, key, monkeypatch):
    monkeypatch.setattr(disk.guard, "read", lambda: disk.Space(total=100 * GIGABYTE, free=4 * GIGABYTE))

    answer = post(client, key)

    assert (answer.status_code, "disk" in reason(answer)) == (503, True)
    assert 1 <= int(answer["Retry-After"]) <= 5


def test_a_process_that_ends_is_503(client, key):
    draining.begin()
    try:
        answer = post(client, key)
    finally:
        draining.end()

    assert (answer.status_code, "ending" in reason(answer)) == (503, True)


def test_too_fast_is_429(client, project, key):
    quotas.change(project=project, quota=Quota(requests_per_minute=1), by=make_member(project=project))
    quotas.forget()

    first, second = post(client, key), post(client, key)

    assert (first.status_code, second.status_code) == (200, 429)
    assert "within a minute" in reason(second)
    assert 1 <= int(second["Retry-After"]) <= 60


def test_a_used_up_day_is_429_with_an_hour_to_wait(client, project, key):
    send(project, make_span())
    quotas.change(project=project, quota=Quota(spans_per_day=1), by=make_member(project=project))
    quotas.forget()

    answer = post(client, key)

    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
