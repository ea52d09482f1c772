"""Feedback by key and by signed token."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.test import Client

from monitoring import feedback_tokens
from monitoring.errors import TokenRefused
from monitoring.models import Score
from projects import keys, projects, tokens
from projects.models import Project
from webapp.api import feedback

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"
VECTORS = Path(__file__).parents[2] / "contract" / "feedback_token.json"


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="backend", scopes=["feedback:write"])[1]


def send(client: Client, key: str, *items: Any) -> Any:
    return client.post(
        "/api/v1/feedback",
        orjson.dumps({"items": items}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def token(key: str, *, expires_in: float = 3600, trace_id: str = TRACE, user: str = "ann") -> str:
    key_id, secret = tokens.split(key) or ("", "")
    payload = json.dumps(
        {"k": key_id, "t": trace_id, "s": None, "u": user, "e": int(time.time() + expires_in)}
    ).encode()
    first = base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = hmac.digest(tokens.feedback_key(secret), first, "sha256")
    return (first + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def from_browser(client: Client, **document: Any) -> Any:
    return client.post("/api/v1/feedback/browser", orjson.dumps(document), content_type="text/plain")


def test_good_items_are_stored_and_bad_ones_named(client: Client, project: Project, key: str) -> None:
    answer = send(
        client, key, {"trace_id": TRACE, "data_type": "thumbs", "value": 1}, {"trace_id": "nonsense", "value": 1}
    )

    assert answer.status_code == 207
    assert answer.json() == {
        "accepted": 1,
        "ids": [str(Score.objects.get().id)],
        "rejected": [{"index": 1, "reason": "The trace_id must be 32 hexadecimal digits."}],
    }
    assert Score.objects.filter(project=project).count() == 1


def test_a_correction_and_a_comment_are_kept_as_text(client: Client, project: Project, key: str) -> None:
    send(
        client,
        key,
        {
            "trace_id": TRACE,
            "data_type": "correction",
            "string_value": "Five days, not ten.",
            "comment": "<b>wrong</b>",
        },
    )

    score = Score.objects.get(project=project)
    assert (score.string_value, score.comment) == ("Five days, not ten.", "<b>wrong</b>")


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b"{}", 422), (b'{"items": []}', 422)])
def test_a_body_without_items_is_refused(client: Client, key: str, body: bytes, status: int) -> None:
    answer = client.post(
        "/api/v1/feedback", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )

    assert answer.status_code == status


def test_an_ingest_key_may_not_send_feedback(client: Client, project: Project) -> None:
    _, ingest = keys.create(project=project, name="other", scopes=["ingest"])

    assert send(client, ingest, {"trace_id": TRACE, "value": 1}).status_code == 403


def test_a_browser_sends_feedback_with_a_token_alone(client: Client, project: Project, key: str) -> None:
    answer = from_browser(client, token=token(key), thumbs="down", comment="Wrong price")

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")
    score = Score.objects.get(project=project)
    assert (score.value, score.comment, score.user_id, score.source, score.trace_id.hex) == (
        0,
        "Wrong price",
        "ann",
        "user",
        TRACE,
    )


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-2], lambda text: "A" + text[1:], lambda text: "", lambda text: text.split(".")[0]]
)
def test_a_forged_token_is_refused(client: Client, key: str, damage: Any) -> None:
    assert from_browser(client, token=damage(token(key)), thumbs="up").status_code == 401


def test_an_expired_token_says_so(client: Client, key: str) -> None:
    answer = from_browser(client, token=token(key, expires_in=-1), thumbs="up")

    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_a_key_without_feedback_permission_signs_nothing(client: Client, project: Project) -> None:
    _, ingest = keys.create(project=project, name="other", scopes=["ingest"])

    assert from_browser(client, token=token(ingest), thumbs="up").status_code == 401


def test_a_browser_must_say_something(client: Client, key: str) -> None:
    assert from_browser(client, token=token(key)).status_code == 422


def test_preflight_is_open(client: Client) -> None:
    assert client.options("/api/v1/feedback/browser").status_code == 204


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda vector: vector["name"])
def test_the_tokens_of_the_contract_are_read_as_the_client_signs_them(vector: dict[str, Any]) -> None:
    def signing_key(key_id: str) -> bytes | None:
        return tokens.feedback_key(vector["secret"]) if key_id == vector["key_id"] else None

    try:
        found = feedback_tokens.read(vector["token"], now_seconds=vector["now"], signing_key=signing_key)
    except TokenRefused:
        assert not vector["valid"]
    else:
        claims = vector["claims"]
        assert vector["valid"]
        assert (found.trace_id, found.span_id, found.user_id) == (claims["t"], claims["s"], claims["u"])


def test_a_body_that_anybody_may_send_is_small_and_not_compressed(client: Client, key: str) -> None:
    address, kind = "/api/v1/feedback/browser", "application/json"

    large = client.post(address, b'{"x": "' + b"x" * 70_000 + b'"}', kind)
    packed = client.post(address, gzip.compress(b"{}"), kind, headers={"Content-Encoding": "gzip"})

    assert (large.status_code, packed.status_code) == (413, 415)


def test_a_token_gives_no_more_than_a_person_would(client: Client, project: Project, key: str) -> None:
    sent = token(key)

    answers = [from_browser(client, token=sent, thumbs="up") for _ in range(feedback.OF_TOKEN + 1)]

    assert [answer.status_code for answer in answers] == [200] * feedback.OF_TOKEN + [429]
    assert answers[-1]["Access-Control-Allow-Origin"] == "*"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_a_person_with_many_tokens_is_held_back_too(client: Client, project: Project, key: str) -> None:
    codes = [
        from_browser(client, token=token(key, trace_id=f"{number + 1:032x}"), thumbs="down").status_code
        for number in range(feedback.OF_PERSON + 1)
    ]

    assert codes == [200] * feedback.OF_PERSON + [429]


def test_what_one_person_sends_too_much_takes_nothing_from_another(client: Client, project: Project, key: str) -> None:
    for _ in range(feedback.OF_TOKEN + 1):
        from_browser(client, token=token(key), thumbs="up")

    assert from_browser(client, token=token(key, user="bob"), thumbs="up").status_code == 200


def test_a_browser_cannot_fill_a_call_with_names(client: Client, project: Project, key: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(feedback, "MOST_NAMES", 3)
    for number in range(3):
        from_browser(client, token=token(key), name=f"name {number}", value=1)

    again = from_browser(client, token=token(key), name="name 1", value=2)
    another = from_browser(client, token=token(key), name="name 4", value=1)

    assert (again.status_code, another.status_code) == (200, 429)
    assert Score.objects.filter(project=project).count() == 3
