"""Conversations in one shape: a list of {"role", "content"} with tool calls, whatever they were written down as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

Message = dict[str, Any]
_TEXT_PARTS = ("text", "input_text", "output_text", "reasoning")
_CALLS, _RESULTS = (
    ("tool_call", "tool-call", "function_call"),
    ("tool_call_response", "tool-result", "function_call_output"),
)
_READ_PARTS = (*_TEXT_PARTS, *_CALLS, *_RESULTS)
# What the libraries of the field call the two sides of a conversation.
_ROLES = {"human": "user", "ai": "assistant", "model": "assistant"}
_MOST_LISTS_IN_LISTS = 3


def read(value: Any, *, role: str) -> list[Message] | None:
    """Return the messages that a value holds, or None when it is no conversation; `role` is whose a bare message is."""
    return _from(loaded(value), role, 0)


def of_text(text: str, *, role: str) -> list[Message]:
    """Return a plain text as the one message that it is."""
    return [{"role": role, "content": text}]


def preview(messages: Iterable[Message], *, role: str) -> str:
    """Return the text of the last message of a role, else of the last message with text, else the tools it calls."""
    last = called = ""
    for message in messages:
        content = message.get("content")
        if isinstance(content, str) and content and (message.get("role") == role or not last):
            last = content
        if "tool_calls" in message:
            called = ", ".join(f"{call['name']}({call['arguments']})" for call in message["tool_calls"])
    return last or called


def instructions(value: Any) -> Message | None:
    """Return instructions that were sent beside the messages as the message that they are."""
    found = loaded(value)
    text = "\n".join(_texts(found)) if isinstance(found, list) else found
    return {"role": "system", "content": text} if isinstance(text, str) and text else None


def message(sent: Message, *, role: str = "") -> Message:
    """Return one message, whose parts stand in `parts` (GenAI conventions, Google) or in `content` (chat APIs)."""
    own = str(sent.get("role") or role)
    parts = sent.get("parts", sent.get("content"))
    found: Message = {"role": _ROLES.get(own, own), "content": ""}
    if isinstance(parts, str):
        found["content"] = parts
    elif isinstance(parts, list):
        if len(parts) == 1 and isinstance(parts[0], dict) and parts[0].get("type") == "text":
            text = parts[0].get("content", parts[0].get("text", ""))
            found["content"] = text if isinstance(text, str) else as_text(text)
        else:
            _read_parts(found, parts)
    elif parts is not None:
        found["content"] = as_text(parts)
    # Most messages have a role and parts, and nothing else.
    if len(sent) > 2:
        if calls := tool_calls(sent.get("tool_calls")):
            found["tool_calls"] = calls
        for key in ("finish_reason", "name", "tool_call_id"):
            if sent.get(key):
                found[key] = str(sent[key])
    return found


def tool_calls(value: Any) -> list[Message]:
    """Return the tool calls of a list in any of the forms that clients send."""
    found = loaded(value)
    return [_call(call) for call in found if isinstance(call, dict)] if isinstance(found, list) else []


def as_text(value: Any) -> str:
    """Return a value as text: nothing for nothing, JSON for what is not text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def loaded(value: Any) -> Any:
    """Return the value of a text that is JSON, and anything else as it is."""
    if not isinstance(value, str) or not value.startswith(("[", "{", '"')):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _from(value: Any, role: str, depth: int) -> list[Message] | None:
    if isinstance(value, list):
        return _from_list(value, role, depth)
    if not isinstance(value, dict):
        return None
    if "role" in value and ("content" in value or "parts" in value or "tool_calls" in value):
        return [message(value, role=role)]
    for key in ("messages", "contents", "message", "choices", "candidates"):
        inside = value.get(key)
        if isinstance(inside, list | dict) and depth < _MOST_LISTS_IN_LISTS:
            found = _from(inside, role, depth + 1)
            return _with_instructions(found, value.get("system", value.get("instructions"))) if found else None
    if isinstance(value.get("prompt"), str) and not value.keys() - {"prompt", "system", "messages"}:
        return _with_instructions(of_text(value["prompt"], role=role), value.get("system"))
    return None


def _from_list(items: list[Any], role: str, depth: int) -> list[Message] | None:
    # Some clients send a batch with one conversation in it.
    if len(items) == 1 and isinstance(items[0], list) and depth < _MOST_LISTS_IN_LISTS:
        return _from_list(items[0], role, depth + 1)
    found = []
    for item in items:
        if not isinstance(item, dict) or not _is_message(item):
            return None
        found.append(_of_item(item, role))
    return found


def _is_message(item: Message) -> bool:
    return "role" in item or "parts" in item or isinstance(item.get("message", item.get("content")), dict)


def _of_item(item: Message, role: str) -> Message:
    """Return the message of a list's item; choices and candidates hold theirs one level deeper."""
    if "role" in item:
        return message(item, role=role)
    inside = item.get("message", item.get("content"))
    if not isinstance(inside, dict):
        return message(item, role=role)
    reason = item.get("finish_reason", item.get("finishReason"))
    return message({**inside, "finish_reason": reason} if reason else inside, role=role)


def _with_instructions(found: list[Message], value: Any) -> list[Message]:
    system = instructions(value)
    return [system, *found] if system else found


def _read_parts(found: Message, parts: list[Any]) -> None:
    """Add what the parts of a message say: text, tool calls, the answer of a tool, and everything else as it is."""
    found["content"] = "\n".join(_texts(parts))
    dicts = [part for part in parts if isinstance(part, dict)]
    if calls := [_call(part) for part in dicts if part.get("type") in _CALLS]:
        found["tool_calls"] = calls
    for part in dicts:
        if part.get("type") in _RESULTS:
            found |= {
                "role": "tool",
                "tool_call_id": str(part.get("id") or part.get("toolCallId") or part.get("call_id") or ""),
            }
            found["content"] = found["content"] or as_text(_first(part, "result", "response", "output"))
    if other := [part for part in parts if not (isinstance(part, str) or _is_read(part))]:
        found["parts"] = other


def _is_read(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _READ_PARTS or isinstance(part.get("text"), str))


def _texts(parts: list[Any]) -> list[str]:
    found = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict) and (part.get("type") in _TEXT_PARTS or "type" not in part):
            text = part.get("content", part.get("text"))
            if isinstance(text, str):
                found.append(text)
    return found


def _call(part: Message) -> Message:
    function = part.get("function")
    told = function if isinstance(function, dict) else part
    return {
        "id": as_text(_first(part, "id", "toolCallId", "call_id")),
        "name": as_text(_first(told, "name", "toolName")),
        "arguments": as_text(_first(told, "arguments", "args", "input")),
    }


def _first(holder: Message, *names: str) -> Any:
    return next((holder[name] for name in names if holder.get(name) is not None), None)
