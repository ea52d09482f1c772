"""Lines of training data against what the provider documents."""

from __future__ import annotations

import pytest

from evals.training import checks

USER = {"role": "user", "content": "Where is my order?"}
ANSWER = {"role": "assistant", "content": "On its way."}
CALL = {
    "role": "assistant", "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}],
}  # fmt: skip
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "found"}
TOOLS = [{"type": "function", "function": {"name": "find", "parameters": {}}}]


@pytest.mark.parametrize(
    "line",
    [
        {"messages": [USER, ANSWER]},
        {"messages": [{"role": "system", "content": "Be kind."}, USER, ANSWER, USER, ANSWER]},
        {"messages": [USER, CALL, RESULT, ANSWER], "tools": TOOLS},
        {"messages": [USER, CALL], "tools": TOOLS},
    ],
)
def test_a_documented_line_for_fine_tuning_has_no_problem(line):
    assert checks.tuning_problems(line) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"messages": []}, "no messages"),
        ({"messages": [USER]}, "last message"),
        ({"messages": [ANSWER]}, "no user"),
        ({"messages": [USER, ANSWER], "model": "x"}, "unknown field model"),
        ({"messages": [USER, {"role": "robot", "content": "Hi"}]}, "no known role"),
        ({"messages": [USER, {"role": "assistant", "content": ""}]}, "is empty"),
        ({"messages": [USER, {"role": "assistant", "content": [1]}]}, "no text"),
        ({"messages": [USER, ANSWER | {"parts": []}]}, "unknown field parts"),
        ({"messages": [USER, CALL, RESULT, ANSWER]}, "definition was not recorded"),
        ({"messages": [USER, RESULT, ANSWER], "tools": TOOLS}, "belongs to no call"),
    ],
)
def test_what_is_wrong_with_a_line_for_fine_tuning_is_said(line, words):
    [problem] = checks.tuning_problems(line)

    assert words in problem


def test_a_documented_pair_has_no_problem():
    line = {
        "input": {"messages": [USER]}, "preferred_output": [ANSWER],
        "non_preferred_output": [{"role": "assistant", "content": "No."}],
    }  # fmt: skip

    assert checks.preference_problems(line) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"non_preferred_output": [ANSWER]}, "the same"),
        ({"preferred_output": []}, "not one message"),
        ({"input": {"messages": [USER, ANSWER]}}, "ends with an answer"),
        ({"note": "x"}, "fields are not"),
    ],
)
def test_what_is_wrong_with_a_pair_is_said(changed, words):
    line = {
        "input": {"messages": [USER]}, "preferred_output": [ANSWER],
        "non_preferred_output": [{"role": "assistant", "content": "No."}],
    }  # fmt: skip

    [problem] = checks.preference_problems(line | changed)

    assert words in problem
