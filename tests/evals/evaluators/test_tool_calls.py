"""Calls of tools are read in every form that they are kept in, and their arguments held against their schemas."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.tool_calls import ToolCalls, calls_in

REFUND = {
    "type": "object",
    "properties": {"order": {"type": "integer"}},
    "required": ["order"],
    "additionalProperties": False,
}
CHECK = ToolCalls({"refund": REFUND, "look_up": {}})
FORMS = {
    "as kept": '→ refund({"order": 7})',
    "one object": '{"name": "refund", "arguments": {"order": 7}}',
    "a list": '[{"name": "refund", "input": {"order": 7}}]',
    "fenced": '```json\n{"name": "refund", "arguments": {"order": 7}}\n```',
    "as OpenAI sends them": json.dumps({"tool_calls": [{"function": {"name": "refund", "arguments": '{"order": 7}'}}]}),
}


@pytest.mark.parametrize("output", FORMS.values(), ids=FORMS)
def test_every_form_is_read(output):
    assert list(calls_in(output)) == [("refund", {"order": 7})]
    assert CHECK.judge(Case(output)).passed


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("I would refund it.", "asks for no tool"),
        ('→ delete({"order": 7})', "no tool «delete»"),
        ('→ refund({"order": "7"})', "arguments of refund do not fit. At order"),
        ("→ refund({})", "required property"),
        ("→ refund({broken)", "do not fit"),
        ('→ look_up({})\n→ refund({"order": 7, "x": 1})', "do not fit"),
    ],
    ids=["prose", "unknown", "wrong type", "missing", "broken", "second one"],
)
def test_what_does_not_fit_is_named(output, said):
    found = CHECK.judge(Case(output))

    assert not found.passed
    assert said in found.why


def test_one_tool_can_be_demanded():
    check = ToolCalls({"refund": REFUND, "look_up": {}}, must_call="refund")

    assert not check.judge(Case("→ look_up({})")).passed
    assert check.judge(Case('→ look_up({})\n→ refund({"order": 7})')).passed


@pytest.mark.parametrize(
    ("tools", "must_call", "said"),
    [
        ({}, "", "1 to 50 tools"),
        ({"a": 1}, "", "with its schema"),
        ({"a": {}}, "b", "not among the tools"),
        ({"a": {"type": 3}}, "", "no JSON Schema"),
    ],
    ids=["none", "no schema", "unknown demand", "bad schema"],
)
def test_settings_that_cannot_work_are_refused(tools, must_call, said):
    with pytest.raises(EvaluatorRefused, match=said):
        ToolCalls(tools, must_call)


@settings(deadline=None)
@given(
    st.text(max_size=300)
    | st.recursive(
        st.none() | st.text(max_size=9) | st.integers(),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "arguments", "function", "tool_calls"]), some)
        ),
        max_leaves=9,
    ).map(json.dumps)
)
def test_any_answer_can_be_read(output):
    assert CHECK.judge(Case(output)).value in (0.0, 1.0)
