"""The client signs feedback tokens exactly as the shared vectors say."""

import json
from pathlib import Path
from typing import Any

import pytest
from callboard import feedback_tokens

VECTORS = json.loads((Path(__file__).parent / "feedback_token.json").read_text(encoding="utf-8"))
SIGNED = [vector for vector in VECTORS if vector["valid"] or vector["reason"] == "expired"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_client_reads_the_key_and_derives_the_signing_key(vector: dict[str, Any]) -> None:
    key = feedback_tokens.parse_api_key(vector["api_key"])

    assert key == feedback_tokens.ApiKey(vector["key_id"], vector["secret"])
    assert feedback_tokens.signing_key(key.secret).hex() == vector["signing_key"]


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["name"])
def test_client_signs_the_claims_as_the_vector_says(vector: dict[str, Any]) -> None:
    claims = vector["claims"]

    token = feedback_tokens.sign(
        feedback_tokens.ApiKey(vector["key_id"], vector["secret"]),
        trace_id=claims["t"],
        span_id=claims["s"],
        user=claims["u"],
        expires_at=claims["e"],
    )

    assert token == vector["token"]
