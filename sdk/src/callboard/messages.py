"""Turns the messages of a model call into the shape of the OpenTelemetry GenAI conventions."""

from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]


def input_messages(value: Any) -> list[Message] | None:
    """Return the messages sent to a model, or None when the value does not look like messages."""
    if isinstance(value, str):
        return [text_message("user", value)]
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list) or not value or not all(_is_message(item) for item in value):
        return None
    return [_message(_as_mapping(item)) for item in value]


def output_messages(value: Any) -> list[Message] | None:
    """Return the messages a model answered with, or None when the value does not look like messages."""
    if isinstance(value, str):
        return [text_message("assistant", value)]
    return input_messages(value)


def text_message(role: str, text: str) -> Message:
    """Return a message with one text."""
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def chat_message(message: Mapping[str, Any], *, finish_reason: str | None = None) -> Message:
    """Return a message of the chat completions API in the conventions' shape."""
    converted = _message(message)
    if finish_reason is not None:
        converted["finish_reason"] = finish_reason
    return converted


def _is_message(item: Any) -> bool:
    if isinstance(item, Mapping):
        return "role" in item or item.get("type") in _RESPONSE_ITEMS
    return hasattr(item, "role") and hasattr(type(item), "model_dump")


def _as_mapping(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    dumped: dict[str, Any] = item.model_dump(mode="json", exclude_none=True, warnings=False)
    return dumped


def _message(message: Mapping[str, Any]) -> Message:
    if message.get("type") in _RESPONSE_ITEMS:
        return _RESPONSE_ITEMS[str(message["type"])](message)
    role = str(message.get("role", "user"))
    if role == "tool":
        result = {"type": "tool_call_response", "id": message.get("tool_call_id"), "result": message.get("content")}
        return {"role": role, "parts": [result]}
    parts = _parts(message.get("content"))
    if message.get("refusal"):
        parts.append({"type": "text", "content": message["refusal"]})
    parts.extend(_tool_call(call) for call in message.get("tool_calls") or ())
    named = {"name": message["name"]} if message.get("name") else {}
    return {"role": role, **named, "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    if isinstance(content, list | tuple):
        return [_part(part) for part in content]
    return [{"type": "text", "content": content}]


def _part(part: Any) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        return {"type": "text", "content": part}
    kind = str(part.get("type", "text"))
    if kind in {"text", "input_text", "output_text"}:
        return {"type": "text", "content": part.get("text")}
    if kind == "refusal":
        return {"type": "text", "content": part.get("refusal")}
    if kind in {"image_url", "input_image"}:
        image = part.get("image_url")
        return _media("image", image.get("url") if isinstance(image, Mapping) else image)
    if kind == "input_audio":
        return {"type": "blob", "modality": "audio", "content": "[left out by the Callboard SDK]"}
    return dict(part)


def _media(modality: str, url: Any) -> dict[str, Any]:
    text = str(url or "")
    if not text.startswith("data:"):
        return {"type": "uri", "modality": modality, "uri": text}
    # An image inside the message would be larger than everything else in the trace.
    mime_type = text[5:].split(";", 1)[0].split(",", 1)[0]
    note = f"[{len(text):,} characters left out by the Callboard SDK]"
    return {"type": "blob", "modality": modality, "mime_type": mime_type, "content": note}


def _tool_call(call: Any) -> dict[str, Any]:
    call = call if isinstance(call, Mapping) else {}
    function = call.get("function") or call.get("custom") or {}
    arguments = function.get("arguments", function.get("input"))
    return {"type": "tool_call", "id": call.get("id"), "name": function.get("name"), "arguments": arguments}


def _item_message(item: Mapping[str, Any]) -> Message:
    return {"role": str(item.get("role", "assistant")), "parts": _parts(item.get("content"))}


def _item_call(item: Mapping[str, Any]) -> Message:
    call = {"type": "tool_call", "id": item.get("call_id"), "name": item.get("name")}
    return {"role": "assistant", "parts": [{**call, "arguments": item.get("arguments", item.get("input"))}]}


def _item_call_output(item: Mapping[str, Any]) -> Message:
    part = {"type": "tool_call_response", "id": item.get("call_id"), "result": item.get("output")}
    return {"role": "tool", "parts": [part]}


def _item_reasoning(item: Mapping[str, Any]) -> Message:
    texts = [str(part.get("text", "")) for part in item.get("summary") or () if isinstance(part, Mapping)]
    return {"role": "assistant", "parts": [{"type": "reasoning", "content": "\n".join(texts)}]}


# Entries of the responses API, which mixes messages with calls in one list.
_RESPONSE_ITEMS = {
    "message": _item_message,
    "function_call": _item_call,
    "custom_tool_call": _item_call,
    "function_call_output": _item_call_output,
    "custom_tool_call_output": _item_call_output,
    "reasoning": _item_reasoning,
}
