"""Conversations in one shape: a list of {"role", "content"} with tool calls, whatever the dialect was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

Message = dict[str, Any]


def from_genai(sent: Any, *, system: Any = None) -> list[Message] | None:
    """Return the messages of `gen_ai.input.messages` / `gen_ai.output.messages`, or None when they have another shape."""
    messages = _loaded(sent)
    if not isinstance(messages, list):
        return None
    found = [_from_parts(message) for message in messages if isinstance(message, dict)]
    instructions = _loaded(system)
    if isinstance(instructions, list):
        text = "\n".join(_texts(instructions))
        found.insert(0, {"role": "system", "content": text})
    elif isinstance(instructions, str) and instructions:
        found.insert(0, {"role": "system", "content": instructions})
    return found


def from_openinference(attributes: dict[str, Any], prefix: str) -> list[Message] | None:
    """Return the messages of flattened attributes such as `llm.input_messages.0.message.content`."""
    start = len(prefix) + 1
    rows: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        if not key.startswith(prefix):
            continue
        index, _, rest = key[start:].partition(".message.")
        if index.isdigit():
            rows.setdefault(int(index), {})[rest] = value
    return [_from_flat(rows[index]) for index in sorted(rows)] if rows else None


def preview(messages: Iterable[Message], *, role: str) -> str:
    """Return the text of the last message of a role, or of the last message with text."""
    last = ""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str) and content and (message.get("role") == role or not last):
            last = content
    return last


def _from_parts(message: Message) -> Message:
    parts = message.get("parts")
    if parts is None:
        return _from_chat(message)
    if not isinstance(parts, list):
        return {"role": str(message.get("role", "")), "content": str(parts)}
    role = str(message.get("role", ""))
    if len(parts) == 1 and isinstance(parts[0], dict) and parts[0].get("type") == "text":
        return _with_reason({"role": role, "content": str(parts[0].get("content", ""))}, message)
    found: Message = {"role": role, "content": "\n".join(_texts(parts))}
    calls = [_call(part) for part in parts if isinstance(part, dict) and part.get("type") == "tool_call"]
    if calls:
        found["tool_calls"] = calls
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "tool_call_response":
            found |= {"role": "tool", "tool_call_id": str(part.get("id", ""))}
            found["content"] = found["content"] or _as_text(part.get("result", part.get("response")))
    other = [part for part in parts if not (isinstance(part, dict) and part.get("type") in _KNOWN_PARTS)]
    if other:
        found["parts"] = other
    return _with_reason(found, message)


_KNOWN_PARTS = {"text", "tool_call", "tool_call_response"}


def _from_chat(message: Message) -> Message:
    """A message as chat APIs have it: content is text or a list of typed parts."""
    content = message.get("content")
    found: Message = {"role": str(message.get("role", "")), "content": content if isinstance(content, str) else ""}
    if isinstance(content, list):
        found["content"] = "\n".join(_texts(content))
        if other := [
            part
            for part in content
            if not (isinstance(part, dict) and part.get("type") in ("text", "input_text", "output_text"))
        ]:
            found["parts"] = other
    calls = message.get("tool_calls")
    if isinstance(calls, list) and calls:
        found["tool_calls"] = [_call(call) for call in calls if isinstance(call, dict)]
    for key in ("name", "tool_call_id"):
        if message.get(key):
            found[key] = str(message[key])
    return found


def _with_reason(found: Message, message: Message) -> Message:
    if reason := message.get("finish_reason"):
        found["finish_reason"] = str(reason)
    if name := message.get("name"):
        found["name"] = str(name)
    return found


def _call(part: Message) -> Message:
    function = part.get("function") if isinstance(part.get("function"), dict) else part
    return {
        "id": str(part.get("id") or ""),
        "name": str(function.get("name") or ""),  # type: ignore[union-attr]
        "arguments": _as_text(function.get("arguments")),  # type: ignore[union-attr]
    }


def _from_flat(row: dict[str, Any]) -> Message:
    found: Message = {"role": str(row.get("role", "")), "content": _as_text(row.get("content"))}
    texts = [
        _as_text(row[key])
        for key in sorted(row)
        if key.startswith("contents.") and key.endswith("message_content.text")
    ]
    if texts and not found["content"]:
        found["content"] = "\n".join(texts)
    calls: dict[str, Message] = {}
    for key, value in row.items():
        if key.startswith("tool_calls."):
            index, _, rest = key.removeprefix("tool_calls.").partition(".tool_call.")
            name = {"id": "id", "function.name": "name", "function.arguments": "arguments"}.get(rest)
            if name:
                calls.setdefault(index, {"id": "", "name": "", "arguments": ""})[name] = _as_text(value)
    if calls:
        found["tool_calls"] = [calls[index] for index in sorted(calls)]
    for key in ("name", "tool_call_id"):
        if row.get(key):
            found[key] = str(row[key])
    return found


def _texts(parts: list[Any]) -> list[str]:
    found = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict) and part.get("type") in ("text", "input_text", "output_text", "reasoning"):
            text = part.get("content", part.get("text"))
            if isinstance(text, str):
                found.append(text)
    return found


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _loaded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.startswith(("[", "{", '"')):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
