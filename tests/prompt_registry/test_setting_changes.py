"""What changed in tools, in the form of the answer and in values for the application, by name."""

from __future__ import annotations

import pytest

from prompt_registry import changes, setting_changes
from tests.prompt_registry.factories import chat


def _tool(name, **more):
    return {"type": "function", "function": {"name": name, **more}}


def _sentences(name, old, new):
    return [sentence for _, sentence in setting_changes.sentences(name, "Label", old, new)]


def test_tools_are_named():
    before = [_tool("find_order"), _tool("refund"), {"name": "plain"}]
    after = [_tool("find_order", description="Finds"), {"name": "plain"}, _tool("cancel"), {"type": "web_search"}]

    assert _sentences("tools", before, after) == [
        "Adds the tools «cancel», «web_search».", "Removes the tool «refund».", "Changes the tool «find_order».",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrap", [lambda schema: schema, lambda schema: {"json_schema": {"name": "x", "schema": schema}}]
)
def test_the_parts_of_the_answer_are_named_however_the_schema_is_wrapped(wrap):
    before = wrap({"type": "object", "properties": {"status": {"type": "string"}}})
    after = wrap({"type": "object", "properties": {"status": {"type": "integer"}, "reason": {"type": "string"}}})

    assert _sentences("response_schema", before, after) == [
        "Adds the part of the answer «reason».", "Changes the part of the answer «status».",
    ]  # fmt: skip


def test_values_for_the_application_are_named():
    assert _sentences("custom", {"a": 1}, {"b": 2}) == [
        "Adds the value for the application «b».", "Removes the value for the application «a».",
    ]  # fmt: skip


def test_a_change_without_names_is_still_told():
    assert _sentences("response_schema", {"type": "string"}, {"type": "number"}) == ["Changes the setting «Label»."]
    assert _sentences("response_schema", None, {"type": "number"}) == ["Adds the setting «Label»."]
    assert _sentences("tools", [_tool("a"), _tool("b")], [_tool("b"), _tool("a")]) == ["Changes the setting «Label»."]


def test_many_names_are_counted():
    (sentence,) = _sentences("custom", {}, {f"k{number}": 1 for number in range(12)})

    assert sentence.endswith("«k7» and 4 more.")


def test_such_settings_can_be_compared_line_by_line():
    before, after = chat(("system", "x")), chat(("system", "x"), settings={"custom": {"b": 1, "a": [2]}})

    (pair,) = changes.setting_pairs(before, after)

    assert (pair.label, pair.before) == ("For the application", None)
    assert pair.after.content == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}'
