"""Feedback from people, and tokens with which browsers may give it."""

from __future__ import annotations

import base64
import datetime
import json
import time
import uuid

import pytest
from callboard import context

from tests.sdk.fake_server import Scripted, eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_thumbs_on_the_current_trace(server, client):
    with client.span("answer") as span:
        assert client.feedback(thumbs="up", user="u-1", comment="great")
    client.flush(5)

    [item] = server.feedback
    assert item["trace_id"] == span.trace_id
    assert (item["name"], item["data_type"], item["value"]) == ("thumbs", "thumbs", 1)
    assert (item["comment"], item["user_id"], item["source"], item["span_id"]) == ("great", "u-1", "user", None)
    uuid.UUID(item["id"])
    created_at = datetime.datetime.fromisoformat(item["created_at"])
    assert abs(created_at.timestamp() - time.time()) < 60
    assert server.requests_to("/api/v1/feedback")[0].headers["authorization"].startswith("Bearer cb_")


@pytest.mark.parametrize(("thumbs", "value"), [("up", 1), (True, 1), ("down", 0), (False, 0)])
def test_thumbs_are_one_or_zero(server, client, thumbs, value):
    client.feedback(TRACE, thumbs=thumbs)
    client.flush(5)

    assert server.feedback[0]["value"] == value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"value": 0.5, "name": "rating"}, {"name": "rating", "data_type": "number", "value": 0.5}),
        ({"value": 4}, {"name": "score", "data_type": "number", "value": 4}),
        ({"value": True, "name": "solved"}, {"name": "solved", "data_type": "boolean", "value": 1}),
        ({"value": "rude", "name": "tone"}, {"name": "tone", "data_type": "category", "string_value": "rude"}),
        ({"comment": "too long"}, {"name": "comment", "data_type": "text", "string_value": "too long"}),
        ({"correction": "42"}, {"name": "correction", "data_type": "correction", "string_value": "42"}),
    ],
    ids=lambda value: ",".join(value),
)
def test_every_kind_of_feedback_has_its_form(server, client, given, expected):
    assert client.feedback(TRACE, **given)
    client.flush(5)

    assert expected.items() <= server.feedback[0].items()


def test_the_user_is_the_one_at_hand_unless_another_is_named(server, client):
    with context(user=42):
        client.feedback(TRACE, thumbs="up")
        client.feedback(TRACE, thumbs="down", user="other")
        token = client.feedback_token(TRACE)
    client.flush(5)

    assert [item["user_id"] for item in server.feedback] == ["42", "other"]
    assert claims_of(token)["u"] == "42"


def test_thumbs_can_have_another_name(server, client):
    client.feedback(TRACE, thumbs="up", name="helpful")
    client.flush(5)

    assert (server.feedback[0]["name"], server.feedback[0]["data_type"]) == ("helpful", "thumbs")


def test_several_things_said_at_once_are_several_items(server, client):
    client.feedback(TRACE, thumbs="down", correction="It is 42.", comment="wrong")
    client.flush(5)

    assert [(item["name"], item["comment"]) for item in server.feedback] == [("thumbs", "wrong"), ("correction", None)]


def test_feedback_may_come_long_after_or_before_the_trace(server, client):
    assert client.feedback(str(uuid.UUID(TRACE)), "00f067aa0ba902b7", thumbs="up")
    client.flush(5)

    assert server.feedback[0]["trace_id"] == TRACE
    assert server.feedback[0]["span_id"] == "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "given",
    [
        {"thumbs": "up"},
        {"trace_id": "nonsense", "thumbs": "up"},
        {"trace_id": TRACE},
        {"trace_id": TRACE, "thumbs": "sideways"},
        {"trace_id": TRACE, "thumbs": ["up"]},
        {"trace_id": TRACE, "value": float("nan")},
        {"trace_id": TRACE, "value": 10**400},
        {"trace_id": TRACE, "value": {"a": 1}},
        {"trace_id": TRACE, "span_id": "short", "thumbs": "up"},
    ],
    ids=str,
)
def test_feedback_that_means_nothing_is_not_sent_and_never_raises(server, client, given, caplog):
    assert client.feedback(**given) is False
    assert "not sent" in caplog.text
    assert client.flush(1)
    assert server.feedback == []


def test_feedback_is_tried_again_like_spans(server, client):
    server.answer_next("/api/v1/feedback", Scripted(503, {"Retry-After": "0"}), Scripted(200, drop=True))

    client.feedback(TRACE, thumbs="up")

    assert client.flush(10)
    requests = server.requests_to("/api/v1/feedback")
    assert len(requests) >= 2
    assert len({request.json["items"][0]["id"] for request in requests}) == 1
    assert client.stats()["feedback_sent"] == 1


def test_giving_feedback_does_not_wait(make_client):
    client = make_client("http://127.0.0.1:9")

    began = time.perf_counter()
    for _ in range(100):
        client.feedback(TRACE, thumbs="up")

    assert time.perf_counter() - began < 0.5


def test_feedback_the_server_rejects_is_logged(server, client, caplog):
    body = json.dumps({"accepted": 0, "rejected": [{"index": 0, "reason": "unknown name"}]}).encode()
    server.answer_next("/api/v1/feedback", Scripted(200, body=body))

    client.feedback(TRACE, thumbs="up")
    client.flush(5)

    eventually(lambda: "unknown name" in caplog.text)


def claims_of(token):
    body = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_token_is_made_without_asking_the_server(server, client):
    with client.span("answer") as span:
        token = client.feedback_token(user="u-1", span_id=span.span_id)

    claims = claims_of(token)
    assert claims["k"] == "testtesttest"
    assert (claims["t"], claims["s"], claims["u"]) == (span.trace_id, span.span_id, "u-1")
    assert abs(claims["e"] - time.time() - 7 * 24 * 3600) < 60
    assert "=" not in token
    assert server.requests_to("/api/v1/feedback") == []


@pytest.mark.parametrize("expires_in", [60, 60.0, datetime.timedelta(minutes=1)])
def test_a_token_can_expire_sooner(client, expires_in):
    claims = claims_of(client.feedback_token(TRACE, expires_in=expires_in))

    assert abs(claims["e"] - time.time() - 60) < 5


def test_a_token_that_cannot_be_made_is_none(client, make_client, caplog):
    assert client.feedback_token() is None
    assert client.feedback_token("nonsense") is None
    assert client.feedback_token(TRACE, expires_in="soon") is None
    assert make_client("http://127.0.0.1:9", api_key="cb_wrong").feedback_token(TRACE) is None
    assert "no feedback token" in caplog.text
