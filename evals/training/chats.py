"""A recorded call as the chat that a provider trains on; pure values in, plain documents out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from monitoring.trace_messages import Message

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
# Names of roles in other dialects.
_SAME = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant"}


@dataclass(frozen=True, slots=True)
class Chat:
    """What was sent and what should come back, in the words of the provider."""

    messages: tuple[dict[str, Any], ...]
    answer: dict[str, Any]
    tools: tuple[dict[str, Any], ...] = ()

    def with_answer(self, text: str) -> Chat:
        """Return the chat with another answer; the tools that the first one called are not part of it."""
        return replace(self, answer={"role": "assistant", "content": text})

    @property
    def asked(self) -> bytes:
        """What two calls must have in common to be answers to the same."""
        return orjson.dumps([list(self.messages), list(self.tools)], option=orjson.OPT_SORT_KEYS)

    def tuning(self) -> dict[str, Any]:
        """Return the line of a file for supervised fine-tuning."""
        return {"messages": [*self.messages, self.answer]} | self._tools()

    def preference(self, worse: Mapping[str, Any]) -> dict[str, Any]:
        """Return the line of a file of preferences: this answer is the better one."""
        return {
            "input": {"messages": list(self.messages)} | self._tools(),
            "preferred_output": [self.answer], "non_preferred_output": [dict(worse)],
        }  # fmt: skip

    def _tools(self) -> dict[str, Any]:
        return {"tools": list(self.tools)} if self.tools else {}


def of_call(
    *, asked: Sequence[Message] | None, text: str, answered: Sequence[Message] | None, answer_text: str,
    tools: Any, mask: Callable[[str], str],
) -> Chat | None:  # fmt: skip
    """Return the chat of a call, or None when there is nothing to learn from; every text goes through `mask`."""
    messages = [_message(one, mask) for one in asked] if asked else _plain(text, mask)
    answer = _message(answered[-1], mask) if answered else {"role": "assistant", "content": mask(answer_text)}
    if not messages or not (answer.get("content") or answer.get("tool_calls")):
        return None
    return Chat(tuple(messages), answer | {"role": "assistant"}, tuple(_known_tools(tools)))


def _plain(text: str, mask: Callable[[str], str]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": mask(text)}] if text else []


def _message(said: Message, mask: Callable[[str], str]) -> dict[str, Any]:
    role = _SAME.get(said.role.lower(), said.role.lower())
    found: dict[str, Any] = {"role": role, "content": mask(said.content) if said.content else ""}
    if role == "tool":
        found["tool_call_id"] = said.name
    elif said.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": mask(call.arguments)}}
            for call in said.tool_calls
        ]
        found["content"] = found["content"] or None
    return found


def _known_tools(tools: Any) -> list[dict[str, Any]]:
    """Return the functions that were offered, as far as they were recorded the way the provider has them."""
    if not isinstance(tools, list):
        return []
    return [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("function"), dict)]
