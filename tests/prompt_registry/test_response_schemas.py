"""A schema that no provider would accept is found before it fails every call."""

from __future__ import annotations

import pytest

from prompt_registry import checks, response_schemas
from tests.prompt_registry.factories import chat

GOOD = {
    "type": "object", "required": ["mood"], "additionalProperties": False,
    "properties": {
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "words": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": ["number", "null"]}]}},
        "more": {"$ref": "#/$defs/more"},
    },
    "$defs": {"more": {"type": "object"}},
}  # fmt: skip


@pytest.mark.parametrize(
    "schema", [GOOD, {"name": "answer", "strict": True, "schema": GOOD}, {}, {"properties": {"a": True}}]
)
def test_a_schema_that_providers_accept_is_fine(schema):
    assert response_schemas.problem_of(schema) == ""


def deep() -> dict:
    schema: dict = {"type": "string"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "text"}, "the type «text» does not exist"),
        ({"type": ["string", 7]}, "the type «7» does not exist"),
        ({"properties": []}, "«properties» must be an object"),
        ({"properties": {"mood": {"type": "word"}}}, "at «mood» the type «word» does not exist"),
        ({"properties": {"mood": "string"}}, "at «mood» stands something that is no schema"),
        ({"required": "mood"}, "«required» must be a list of names"),
        ({"required": ["mood"], "properties": {}, "additionalProperties": False}, "«mood» is required but described nowhere"),
        ({"enum": []}, "«enum» must be a list with at least one value"),
        ({"anyOf": {"type": "string"}}, "«anyOf» must be a list"),
        ({"items": {"type": "nothing"}}, "(items) the type «nothing»"),
        ({"schema": {"type": "text"}}, "the type «text» does not exist"),
        (deep(), "nested too deeply"),
    ],
)  # fmt: skip
def test_what_no_provider_accepts_is_named(schema, words):
    assert words in response_schemas.problem_of(schema)


def test_an_unusable_schema_stops_a_publish():
    content = chat(("system", "Be kind."), settings={"response_schema": {"type": "text"}})

    (check,) = checks.run(before=None, after=content)

    assert (check.level, "«More settings»" in check.sentence) == ("stops", True)
