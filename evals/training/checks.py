"""Whether a line is what the provider documents for a file of training data; the same checks that its own tools make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MESSAGE_KEYS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id", "weight", "function_call"})
# What the provider takes at least, and a line at most.
FEWEST_ROWS = 10
MOST_LINE_BYTES = 8 * 1024 * 1024


def tuning_problems(line: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a line for supervised fine-tuning; nothing when it is as documented."""
    if unknown := set(line) - {"messages", "tools", "parallel_tool_calls"}:
        return [f"unknown field {sorted(unknown)[0]}"]
    found = _chat_problems(line.get("messages"), line.get("tools"))
    messages = line.get("messages")
    if not found and isinstance(messages, list) and messages[-1]["role"] != "assistant":
        found.append("the last message is not the assistant's")
    return found


def preference_problems(line: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a line of preferences; nothing when it is as documented."""
    if set(line) != {"input", "preferred_output", "non_preferred_output"}:
        return ["the fields are not input, preferred_output and non_preferred_output"]
    asked = line["input"]
    if not isinstance(asked, dict) or set(asked) - {"messages", "tools", "parallel_tool_calls"}:
        return ["the input is not messages with tools"]
    found = _chat_problems(asked.get("messages"), asked.get("tools"))
    if not found and asked["messages"][-1]["role"] == "assistant":
        found.append("the input ends with an answer")
    for name in ("preferred_output", "non_preferred_output"):
        found += _answer_problems(line[name], name)
    if not found and line["preferred_output"] == line["non_preferred_output"]:
        found.append("both answers are the same")
    return found


def _answer_problems(answers: Any, name: str) -> list[str]:
    if not isinstance(answers, list) or len(answers) != 1 or answers[0].get("role") != "assistant":
        return [f"{name} is not one message of the assistant"]
    return _message_problems(answers[0])


def _chat_problems(messages: Any, tools: Any) -> list[str]:
    if not isinstance(messages, list) or not messages:
        return ["there are no messages"]
    found = [problem for message in messages for problem in _message_problems(message)]
    if found:
        return found
    if not any(message["role"] == "user" for message in messages):
        found.append("no user says anything")
    if any(message.get("tool_calls") for message in messages) and not tools:
        found.append("a function is called whose definition was not recorded")
    return found + _call_problems(messages)


def _message_problems(message: Any) -> list[str]:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return ["a message has no known role"]
    if unknown := set(message) - _MESSAGE_KEYS:
        return [f"a message has the unknown field {sorted(unknown)[0]}"]
    content = message.get("content")
    if not isinstance(content, str) and not (content is None and message.get("tool_calls")):
        return ["a message has no text"]
    if not content and not message.get("tool_calls"):
        return ["a message is empty"]
    return [problem for call in message.get("tool_calls") or () for problem in _tool_call_problems(call)]


def _tool_call_problems(call: Any) -> list[str]:
    if not isinstance(call, dict) or call.get("type") != "function" or not call.get("id"):
        return ["a call of a function has no id"]
    function = call.get("function")
    if not isinstance(function, dict) or not function.get("name") or not isinstance(function.get("arguments"), str):
        return ["a call of a function has no name or no arguments"]
    return []


def _call_problems(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every answer of a function belongs to a call before it."""
    called: set[Any] = set()
    for message in messages:
        called |= {call["id"] for call in message.get("tool_calls") or ()}
        if message["role"] == "tool" and message.get("tool_call_id") not in called:
            return ["an answer of a function belongs to no call"]
    return []
