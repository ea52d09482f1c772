"""A schema or a tool that a provider would refuse is refused here, with the place in it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from prompt_registry import checks, json_schemas, model_settings, tools
from prompt_registry.json_flaws import line_of
from tests.prompt_registry.factories import chat

SOUND = {
    "type": "object", "title": "Answer", "required": ["city"], "additionalProperties": False,
    "properties": {
        "city": {"type": ["string", "null"], "enum": ["Bonn", None], "maxLength": 5},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
        "any": True, "size": {"anyOf": [{"type": "integer", "minimum": 0}, {"const": "large"}]},
    },
    "$defs": {"tag": {"type": "string", "x-own": {"type": 1}}},
}  # fmt: skip


def test_a_sound_schema_has_no_flaw():
    assert json_schemas.flaw_of(SOUND) is None
    assert json_schemas.flaw_of({"name": "answer", "strict": True, "schema": SOUND}) is None


def test_an_unusable_schema_stops_a_publish():
    content = chat(("system", "Be kind."))
    # A version of a time when nobody looked.
    content = replace(content, settings=replace(content.settings, response_schema={"type": "text"}))

    (check,) = checks.run(before=None, after=content)

    assert check.level == "stops"


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ({"type": "text"}, ("type",), "«text» is no type"),
        ({"type": []}, ("type",), "the types are"),
        ({"properties": {"a": {"type": "strin"}}}, ("properties", "a", "type"), "«strin» is no type"),
        ({"properties": ["a"]}, ("properties",), "each name with its schema"),
        ({"properties": {"a": "string"}}, ("properties", "a"), "an object in curly braces"),
        ({"required": "a"}, ("required",), "a list of names"),
        ({"items": 3}, ("items",), "an object in curly braces"),
        ({"items": [{"type": 1}]}, ("items", 0, "type"), "the types are"),
        ({"anyOf": []}, ("anyOf",), "at least one schema"),
        ({"anyOf": [{}, {"enum": []}]}, ("anyOf", 1, "enum"), "at least one value"),
        ({"minimum": "3"}, ("minimum",), "a number"),
        ({"maxItems": -1}, ("maxItems",), "0 or more"),
        ({"pattern": 3}, ("pattern",), "a text in quotes"),
        ({"$ref": "#/$defs/none"}, ("$ref",), "nothing at «#/$defs/none»"),
        ({"$ref": "https://example.org/x.json"}, ("$ref",), "inside this schema"),
        (
            {"required": ["a"], "properties": {}, "additionalProperties": False},
            ("required",),
            "«a» is required but described",
        ),
        ({"name": "answer", "schema": {"type": "text"}}, ("schema", "type"), "«text» is no type"),
    ],
)
def test_the_first_flaw_of_a_schema_is_named_with_its_place(schema, path, words):
    flaw = json_schemas.flaw_of(schema)

    assert flaw is not None
    assert flaw.path == path
    assert words in flaw.sentence


@pytest.mark.parametrize(
    "tool",
    [
        {"name": "search"},
        {"type": "function", "function": {"name": "find_order", "description": "x", "parameters": SOUND}},
        {"type": "web_search"},
        {"name": "a", "input_schema": {"type": "object"}},
    ],
)
def test_tools_as_providers_write_them_are_sound(tool):
    assert tools.flaw_of([tool]) is None


@pytest.mark.parametrize(
    ("listed", "path", "words"),
    [
        ([{}], (0,), "give the function a name"),
        ([{"name": "find order"}], (0, "name"), "give the function a name"),
        ([{"name": "a"}, {"name": "a"}], (1, "name"), "used twice"),
        ([{"type": 3}], (0, "type"), "a text in quotes"),
        ([{"type": "function", "function": "a"}], (0, "function"), "an object with the name"),
        ([{"name": "a", "description": 1}], (0, "description"), "a text in quotes"),
        ([{"name": "a", "parameters": []}], (0, "parameters"), "a schema here"),
        ([{"function": {"name": "a", "parameters": {"type": "x"}}}], (0, "function", "parameters", "type"), "no type"),
    ],
)  # fmt: skip
def test_the_first_flaw_of_the_tools_is_named_with_its_place(listed, path, words):
    flaw = tools.flaw_of(listed)

    assert flaw is not None
    assert flaw.path == path
    assert words in flaw.sentence


def test_a_flaw_is_a_problem_of_the_setting_with_its_way():
    settings, _ = model_settings.read({"response_schema": '{"properties": {"a": {"type": "text"}}}'})

    (problem,) = model_settings.problems_of(settings)

    assert problem.field == "settings.response_schema"
    assert problem.sentence.startswith("Answer form: at properties → a → type, «text» is no type")
    assert problem.path == ("properties", "a", "type")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1), (("a",), 2), (("b",), 3), (("b", 0), 4), (("b", 1), 5), (("b", 1, "c"), 6), (('d"},', "e\n"), 9), (("f",), 0),
    ],
)  # fmt: skip
def test_the_line_of_a_place_in_json_text_is_found(path, line):
    text = '{\n"a": {"b": [1]},\n"b": [\n"x{[",\n{"q": [],\n"c": null}\n],\n"d\\"},": {\n"e\\n": 1.5e3}\n}'
    json.loads(text)

    assert line_of(text, path) == line
