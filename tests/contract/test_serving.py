"""A client that asks the server who gets what is told what the SDK would have decided: 10,000 units, and all vectors."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from callboard.contexts import AMBIENT, Scope
from callboard.prompt_store import PromptStore

from prompt_registry.rollouts.serving import Audience, serve
from prompt_registry.rollouts.targeting import Targeting

UNITS = 10_000
VECTORS = json.loads((Path(__file__).parent / "targeting.json").read_text(encoding="utf-8"))
ENVIRONMENTS = ["production", "eu", "staging", ""]
ATTRIBUTES: list[dict[str, Any]] = [
    {}, {"plan": "pro"}, {"plan": "Pro"}, {"plan": True}, {"plan": 7}, {"plan": 7.0}, {"plan": ["pro"]}, {"plan": None},
    {"plan": "pro", "country": "NL"}, {"country": "NL"},
]  # fmt: skip
TARGETINGS = [
    Targeting(),
    Targeting(("production", "eu")),
    Targeting(attributes={"plan": ("pro", "true", "7")}),
    Targeting(("production",), {"plan": ("pro",), "country": ("NL",)}, {"user-3": "candidate", "user-5": "control"}),
    Targeting(testers={f"user-{number}": ("candidate", "control")[number % 2] for number in range(40)}),
]


def version(number: int) -> dict[str, Any]:
    return {
        "name": "greeting", "type": "text", "version": number, "labels": [], "messages": [], "text": f"Hello {number}",
        "variables": [], "settings": {}, "content_hash": f"hash {number}", "note": "", "snippets": [], "rollout": None,
    }  # fmt: skip


def document(rollout_id: str, share_ppm: int, targeting: Targeting) -> dict[str, Any]:
    """Return what applications get, in the shape in which the server sends it."""
    rollout = {"id": rollout_id, "share_ppm": share_ppm, "candidate": version(2)}
    if targeting.is_everybody:
        return version(1) | {"rollout": rollout}
    return version(1) | {"targeted_rollout": rollout | {"targeting": targeting.for_clients(rollout_id)}}


def by_sdk(store: PromptStore, unit: str, attributes: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the SDK serves, and what it says about it in the calls that it records."""
    with Scope(AMBIENT, replace(AMBIENT.get(), metadata=attributes)):
        found = store.find(
            "greeting", None, None, type=None, fallback=None, ttl=None, unit=unit, strict=False
        )  # fmt: skip
    return found.version, found.rollout_id, found.arm if found.rollout_id else None, found.rollout_bucket


def by_server(found: Any) -> tuple[Any, ...]:
    is_compared = bool(found.rollout_id)
    return found.version["version"], found.rollout_id or None, found.arm if is_compared else None, found.bucket


def test_the_server_and_the_sdk_serve_ten_thousand_units_the_same():
    chance = random.Random(2026)
    differing, seen = [], Counter[str]()
    for number in range(UNITS // 50):
        rollout_id = str(UUID(int=chance.getrandbits(128)))
        targeting, environment = TARGETINGS[number % len(TARGETINGS)], chance.choice(ENVIRONMENTS)
        served = document(rollout_id, chance.choice([0, 10_000, 250_000, 500_000, 950_000, 1_000_000]), targeting)
        store = PromptStore(make_fetcher=None, environment=environment)
        store.learn(json.loads(json.dumps(served)))
        for _ in range(50):
            unit = chance.choice([f"user-{chance.randrange(60)}", f"ünit {chance.random()}", "💡" * 3, " ", ""])
            attributes = chance.choice(ATTRIBUTES)
            answer = serve(served, Audience(unit, environment, attributes))
            seen[f"{answer.reason} {answer.arm}"] += 1
            if by_server(answer) != by_sdk(store, unit, attributes):
                differing.append((rollout_id, unit, environment, attributes))

    assert differing == []
    assert sum(seen.values()) == UNITS
    # Each way of being served came up often enough for the agreement to mean something.
    for way in (
        "split candidate",
        "split control",
        "tester candidate",
        "tester control",
        "outside ",
        "no_unit control",
    ):
        assert seen[way] > 50, seen


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_server_puts_every_unit_where_the_vector_says(vector, monkeypatch):
    served = document("r-1", 0, Targeting()) | {"rollout": None}
    rollout = {"id": "r-1", "share_ppm": 0, "candidate": version(2), "targeting": vector["targeting"]}
    monkeypatch.setattr("prompt_registry.rollouts.assignment.bucket_of", lambda **_: vector["bucket"])

    found = serve(
        served | {"targeted_rollout": rollout}, Audience("anybody", vector["environment"], vector["attributes"])
    )

    places = {"split": "control" if vector["is_compared"] else "", "candidate": "candidate", "control": found.arm}
    assert (found.arm, bool(found.rollout_id)) == (places[vector["place"]], vector["is_compared"])
    assert found.is_candidate == (vector["place"] == "candidate")
