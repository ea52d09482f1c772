"""Clients answer who a rollout is about as the shared vectors say, from what the server sends them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from callboard import assignment
from callboard.targeting import Targeting as ClientTargeting

from prompt_registry.rollouts.targeting import Targeting

VECTORS = json.loads((Path(__file__).parent / "targeting.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_unit_has_the_place_of_the_vector(vector) -> None:
    found = ClientTargeting.from_json(vector["targeting"]).place_of(
        bucket=vector["bucket"], environment=vector["environment"], attributes=vector["attributes"]
    )

    assert found == (vector["place"], vector["is_compared"])


def test_clients_understand_what_the_server_sends_and_learn_no_names_of_testers() -> None:
    targeting = Targeting(("production",), {"plan": ("pro",)}, {"anna": "candidate"})

    sent = json.dumps(targeting.for_clients("r-1"))
    received = ClientTargeting.from_json(json.loads(sent))

    bucket = assignment.bucket_of(rollout_id="r-1", unit_id="anna")
    assert received.place_of(bucket=bucket, environment="production", attributes={"plan": "pro"}) == (
        "candidate",
        False,
    )
    assert received.place_of(bucket=1, environment="production", attributes={"plan": "pro"}) == ("split", True)
    assert "anna" not in sent


def test_a_targeting_that_a_client_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown: countries"):
        ClientTargeting.from_json({"countries": ["NL"]})
