"""The client takes webhooks exactly when the shared vectors say so; tests/projects holds the server to the same ones."""

import json
from pathlib import Path
from typing import Any

import callboard
import pytest

VECTORS = json.loads((Path(__file__).parent / "webhook_signature.json").read_text(encoding="utf-8"))
GOOD = [vector for vector in VECTORS if vector["valid"]]
BAD = [vector for vector in VECTORS if not vector["valid"]]
WHY = {"age": "five minutes", "signature": "does not fit"}


def verify(vector: dict[str, Any], **changes: Any) -> dict[str, Any]:
    headers = {
        "Webhook-Id": vector["id"],
        "webhook-timestamp": str(vector["timestamp"]),
        "WEBHOOK-SIGNATURE": vector["signature"],
    }
    sent = {"body": vector["body"].encode(), "headers": headers, "secret": vector["secret"], **changes}
    return callboard.webhooks.verify_webhook(**sent, now=vector["now"])


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["name"])
def test_client_takes_what_was_signed(vector: dict[str, Any]) -> None:
    assert verify(vector) == json.loads(vector["body"])
    assert verify(vector, body=vector["body"]) == json.loads(vector["body"])


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector["name"])
def test_client_refuses_what_was_not(vector: dict[str, Any]) -> None:
    with pytest.raises(callboard.WebhookNotVerified, match=WHY[vector["reason"]]):
        verify(vector)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_client_refuses_a_request_without_its_headers(missing: str) -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,a"}
    del headers[missing]

    with pytest.raises(callboard.WebhookNotVerified, match="missing"):
        callboard.verify_webhook(b"{}", headers, GOOD[0]["secret"])


@pytest.mark.parametrize("timestamp", ["soon", "-5", "1e9", "9" * 40, "\u0661"])
def test_client_refuses_an_odd_timestamp(timestamp: str) -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": timestamp, "webhook-signature": "v1,a"}

    with pytest.raises(callboard.WebhookNotVerified, match="webhook-timestamp"):
        callboard.verify_webhook(b"{}", headers, GOOD[0]["secret"])


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%"])
def test_client_refuses_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(callboard.WebhookNotVerified, match="secret"):
        verify(GOOD[0], secret=secret)


def test_the_clock_is_the_real_one_unless_told_otherwise() -> None:
    vector = GOOD[0]
    headers = {
        "webhook-id": vector["id"], "webhook-timestamp": str(vector["timestamp"]), "webhook-signature": vector["signature"],
    }  # fmt: skip

    with pytest.raises(callboard.WebhookNotVerified, match="five minutes"):
        callboard.verify_webhook(vector["body"], headers, vector["secret"])
