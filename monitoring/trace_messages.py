"""What went into a step and what came out, as messages to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model asked for."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; `other` holds parts that are not text, as JSON."""

    role: str
    content: str
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    other: str = ""

    @property
    def length(self) -> int:
        return len(self.content) + len(self.other) + sum(len(call.arguments) for call in self.tool_calls)


def conversation(text: str | None) -> list[Message] | None:
    """Return the messages that a stored text holds, or None when it is not a conversation."""
    if not text or not text.startswith("["):
        return None
    try:
        items = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not all(isinstance(item, dict) and "role" in item for item in items):
        return None
    return [_message(item) for item in items]


def _message(item: Mapping[str, Any]) -> Message:
    calls = item.get("tool_calls")
    parts = item.get("parts")
    return Message(
        role=as_text(item.get("role"))[:40],
        content=as_text(item.get("content")),
        name=as_text(item.get("name") or item.get("tool_call_id"))[:255],
        tool_calls=tuple(_tool_call(call) for call in calls if isinstance(call, dict))
        if isinstance(calls, list)
        else (),
        finish_reason=as_text(item.get("finish_reason"))[:80],
        other=orjson.dumps(parts, option=orjson.OPT_INDENT_2).decode() if parts else "",
    )


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    return ToolCall(as_text(call.get("name"))[:255], as_text(call.get("arguments")), as_text(call.get("id"))[:255])


def as_text(value: Any) -> str:
    """Return a value of unknown shape as text: nothing for nothing, JSON for what is not text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def loaded(text: str | None) -> Any:
    """Return the value of a stored JSON text, or None when it is not JSON."""
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


def json_or_text(text: str | None) -> Any:
    """Return the value of a stored JSON text, and any other text as it is."""
    try:
        return orjson.loads(text) if text else text
    except orjson.JSONDecodeError:
        return text
