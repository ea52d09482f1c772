"""The server signs webhooks exactly as the shared vectors say; tests/contract holds the client to the same ones."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

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


def test_the_example_of_the_guide_takes_what_the_server_signs_and_nothing_else(capsys):
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    (example,) = re.findall(r"^```json\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    program: dict[str, Any] = {}
    exec(compile(code, "webhooks.md", "exec"), program)  # noqa: S102 - the guide's own words
    secret, body = webhook_signatures.new_secret(), example.encode()
    headers = webhook_signatures.headers(secrets=[secret], message_id="evt_1", timestamp=int(time.time()), body=body)

    assert program["receive"](body, headers, secret) == 204
    assert program["receive"](body + b" ", headers, secret) == 400
    assert "support/refund-answer is live as version 14" in capsys.readouterr().out
