"""What became of people, told later."""

from __future__ import annotations

import datetime
import json
import uuid

import callboard
import pytest
from callboard import context
from callboard.testing import capture

from tests.sdk.fake_server import Scripted, eventually


def test_an_outcome_names_whom_what_and_when(server, client):
    moment = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))

    assert client.outcome("order", 49.9, unit="customer-4711", happened_at=moment)
    client.flush(5)

    [item] = server.outcomes
    assert uuid.UUID(item.pop("id"))
    assert item == {
        "unit_id": "customer-4711", "name": "order", "value": 49.9, "happened_at": "2026-01-31T10:00:00Z",
    }  # fmt: skip


def test_without_more_it_happened_now_to_the_user_at_hand(server, client):
    with context(user=42, session="s-1"):
        client.outcome("solved")
    with context(session="s-2"):
        client.outcome("solved", False)
    client.flush(5)

    first, second = server.outcomes
    assert (first["unit_id"], first["value"]) == ("42", True)
    assert (second["unit_id"], second["value"]) == ("s-2", False)
    told = datetime.datetime.fromisoformat(first["happened_at"])
    assert abs((datetime.datetime.now(datetime.UTC) - told).total_seconds()) < 60


@pytest.mark.parametrize(
    "given",
    [
        {"name": "order"},
        {"name": "", "unit": "ann"},
        {"name": "x" * 81, "unit": "ann"},
        {"name": "order", "unit": "x" * 256},
        {"name": "order", "unit": "ann", "value": float("nan")},
        {"name": "order", "unit": "ann", "value": 10**400},
        {"name": "order", "unit": "ann", "value": "much"},
        {"name": "order", "unit": "ann", "happened_at": "yesterday"},
    ],
    ids=str,
)
def test_what_means_nothing_is_not_sent_and_never_raises(server, client, given, caplog):
    assert client.outcome(**given) is False
    assert "not sent" in caplog.text
    assert client.flush(1)
    assert server.outcomes == []


def test_an_outcome_is_tried_again_with_the_same_id(server, client):
    server.answer_next("/api/v1/outcomes", Scripted(503, {"Retry-After": "0"}), Scripted(200, drop=True))

    client.outcome("order", unit="ann")

    assert client.flush(10)
    requests = server.requests_to("/api/v1/outcomes")
    assert len(requests) >= 2
    assert len({request.json["items"][0]["id"] for request in requests}) == 1
    assert client.stats()["outcomes_sent"] == 1


def test_what_the_server_rejects_is_logged(server, client, caplog):
    body = json.dumps({"accepted": 0, "rejected": [{"index": 0, "reason": "lies in the future"}]}).encode()
    server.answer_next("/api/v1/outcomes", Scripted(207, body=body))

    client.outcome("order", unit="ann")
    client.flush(5)

    eventually(lambda: "lies in the future" in caplog.text)


def test_the_mask_sees_the_id(server, make_client):
    client = make_client(server.url, mask=lambda value, key: f"hidden by {key}")

    client.outcome("order", unit="ann")
    client.flush(5)

    assert server.outcomes[0]["unit_id"] == "hidden by outcome.unit_id"


def test_a_client_that_is_switched_off_sends_none(server, make_client):
    client = make_client(server.url, enabled=False)

    assert client.outcome("order", unit="ann") is False


def test_tests_of_applications_see_outcomes():
    with capture() as captured:
        assert callboard.outcome("order", 3, unit="ann")

    assert [(item["name"], item["value"], item["unit_id"]) for item in captured.outcomes] == [("order", 3, "ann")]
