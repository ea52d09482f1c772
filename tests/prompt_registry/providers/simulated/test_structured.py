from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.providers.simulated.dice import Dice
from prompt_registry.providers.simulated.structured import as_json

VERDICT = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "verdict": {"enum": ["good", "bad"]},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "confidence": {"type": "number"},
        "is_safe": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}},
        "kind": {"const": "judge"},
        "more": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
}


@given(st.text(max_size=20))
def test_an_answer_fits_its_schema(seed):
    answer = json.loads(as_json(schema=VERDICT, text="Because.", dice=Dice(seed)))

    assert answer["reason"] == "Because."
    assert answer["verdict"] in ("good", "bad")
    assert 1 <= answer["score"] <= 5
    assert 0 <= answer["confidence"] <= 1
    assert isinstance(answer["is_safe"], bool)
    assert (answer["tags"], answer["kind"], answer["more"]) == (["Because."], "judge", None)


def test_a_schema_without_end_ends():
    endless: dict[str, object] = {"type": "object", "properties": {}}
    endless["properties"] = {"again": endless}

    assert json.loads(as_json(schema=endless, text="x", dice=Dice("1")))


def test_a_strange_schema_is_answered_with_null_or_nothing():
    assert json.loads(as_json(schema={"type": "wonder"}, text="x", dice=Dice("1"))) is None
    assert json.loads(as_json(schema={}, text="x", dice=Dice("1"))) == {}
