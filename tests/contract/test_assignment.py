"""Server and client assign every unit of a rollout to the same arm, as the shared vectors say."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from callboard import assignment as client

from prompt_registry.rollouts import assignment as server

VECTORS = json.loads((Path(__file__).parent / "assignment.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("side", [server, client], ids=["server", "client"])
def test_every_unit_gets_the_arm_of_the_vector(side: ModuleType) -> None:
    for vector in VECTORS:
        bucket = side.bucket_of(rollout_id=vector["rollout_id"], unit_id=vector["unit_id"])
        found = (bucket, side.is_candidate(bucket, vector["share_ppm"]))
        assert found == (vector["bucket"], vector["is_candidate"]), vector


def test_there_are_vectors_on_both_sides_of_a_share() -> None:
    assert len(VECTORS) >= 200
    assert {vector["is_candidate"] for vector in VECTORS} == {True, False}
