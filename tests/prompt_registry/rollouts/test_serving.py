"""What somebody is served of a prompt, decided on the server."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_registry.rollouts.serving import Audience, Reason, serve
from prompt_registry.rollouts.targeting import Targeting

CANDIDATE = {"name": "greeting", "version": 2}


def document(*, share: float = 0.5, targeting: Targeting | None = None, **extra: Any) -> dict[str, Any]:
    rollout = {"id": "r-1", "share_ppm": int(share * 1_000_000), "candidate": CANDIDATE}
    plain = {"name": "greeting", "version": 1, "rollout": None}
    if targeting is None:
        return plain | {"rollout": rollout}
    return plain | {"targeted_rollout": {**rollout, "targeting": targeting.for_clients("r-1") | extra}}


def test_without_a_rollout_everybody_gets_what_is_published():
    found = serve({"name": "greeting", "version": 1, "rollout": None}, Audience("anna"))

    assert (found.version["version"], found.reason, found.arm, found.rollout_id) == (1, Reason.PUBLISHED, "", "")


def test_a_unit_gets_the_side_that_its_bucket_says():
    everybody, nobody = serve(document(share=1), Audience("anna")), serve(document(share=0), Audience("anna"))

    assert (everybody.version["version"], everybody.arm, everybody.reason) == (2, "candidate", Reason.SPLIT)
    assert (nobody.version["version"], nobody.arm, nobody.reason) == (1, "control", Reason.SPLIT)
    assert everybody.bucket == nobody.bucket is not None
    assert everybody.rollout_id == nobody.rollout_id == "r-1"


def test_who_is_nobody_gets_what_was_live_even_at_the_whole_share():
    found = serve(document(share=1), Audience())

    assert (found.version["version"], found.arm, found.reason, found.bucket) == (1, "control", Reason.NO_UNIT, None)


def test_who_is_outside_gets_what_was_live_and_is_not_compared():
    found = serve(document(share=1, targeting=Targeting(("eu",))), Audience("anna", environment="us"))

    assert (found.version["version"], found.reason, found.rollout_id, found.bucket) == (1, Reason.OUTSIDE, "", None)


@pytest.mark.parametrize(("arm", "version"), [("candidate", 2), ("control", 1)])
def test_a_tester_gets_a_version_for_certain_and_is_not_compared(arm: str, version: int):
    targeting = Targeting(("eu",), testers={"anna": arm})

    found = serve(document(share=1 if arm == "control" else 0, targeting=targeting), Audience("anna", "us"))

    assert (found.version["version"], found.arm, found.reason) == (version, arm, Reason.TESTER)
    assert found.rollout_id == ""


def test_a_targeting_that_is_not_known_here_is_a_rollout_that_is_about_nobody():
    found = serve(document(share=1, targeting=Targeting(), countries=["NL"]), Audience("anna"))

    assert (found.version["version"], found.reason) == (1, Reason.PUBLISHED)


@pytest.mark.parametrize("value", [None, 1.5, ["pro"], {"pro": True}, "Pro", ""])
def test_an_attribute_that_cannot_be_compared_is_outside(value: Any):
    targeting = Targeting(attributes={"plan": ("pro", "true", "7")})

    assert serve(document(targeting=targeting), Audience("anna", attributes={"plan": value})).reason == Reason.OUTSIDE


@pytest.mark.parametrize("value", ["pro", True, 7])
def test_texts_whole_numbers_and_yes_or_no_are_compared_as_they_are_written(value: Any):
    targeting = Targeting(attributes={"plan": ("pro", "true", "7")})

    assert serve(document(targeting=targeting), Audience("anna", attributes={"plan": value})).reason == Reason.SPLIT
