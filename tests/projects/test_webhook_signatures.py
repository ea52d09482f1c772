"""The server signs webhooks exactly as the shared vectors say; tests/contract holds the client to the same ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from projects import webhook_signatures

PATH = Path(__file__).parent.parent / "contract" / "webhook_signature.json"
VECTORS = json.loads(PATH.read_text(encoding="utf-8"))
SIGNED_ONCE = [vector for vector in VECTORS if vector["valid"] and " " not in vector["signature"]]


@pytest.mark.parametrize("vector", SIGNED_ONCE, ids=lambda vector: vector["name"])
def test_the_signature_is_the_one_of_the_vector(vector):
    signature = webhook_signatures.sign(
        secret=vector["secret"], message_id=vector["id"], timestamp=vector["timestamp"], body=vector["body"].encode()
    )

    assert signature == vector["signature"]


def test_during_a_rotation_both_secrets_sign():
    secrets = [webhook_signatures.new_secret(), webhook_signatures.new_secret()]

    headers = webhook_signatures.headers(secrets=secrets, message_id="evt_1", timestamp=1_795_858_800, body=b"{}")

    assert headers["webhook-id"] == "evt_1"
    assert headers["webhook-timestamp"] == "1795858800"
    assert headers["webhook-signature"].split() == [
        webhook_signatures.sign(secret=one, message_id="evt_1", timestamp=1_795_858_800, body=b"{}") for one in secrets
    ]


def test_a_secret_carries_32_random_bytes():
    one, other = webhook_signatures.new_secret(), webhook_signatures.new_secret()

    assert one != other
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
