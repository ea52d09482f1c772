"""Turns the messages of other tools into ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.contents import ROLES
from prompt_registry.imports.blanks import Convert
from prompt_registry.imports.values import as_list, as_mapping, as_text, short

_OUR_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool", "bot": "assistant"}


def read(raw: Sequence[Any], convert: Convert) -> tuple[list[dict[str, str]], list[str]]:
    """Return the messages in the shape of the API, and a sentence for what is not in them."""
    found: list[dict[str, str]] = []
    remarks: list[str] = []
    for number, item in enumerate(raw, 1):
        message = as_mapping(item)
        if not message:
            remarks.append(f"Message {number} is no message and was left out.")
        elif name := placeholder_name(message):
            found.append({"type": "placeholder", "name": name})
        elif (read_message := _message(message, number, convert, remarks))["content"].strip():
            found.append(read_message)
        else:
            remarks.append(f"Message {number} has no text and was left out.")
    return found, remarks


def role_of(name: object) -> str:
    """Return our name of a role; unknown ones stay as they are and are refused later."""
    role = as_text(name).strip().lower()
    return role if role in ROLES else _OUR_ROLES.get(role, role)


def text_of(content: object, where: str, remarks: list[str]) -> str:
    """Return the text of a message that may consist of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    texts = []
    for part in as_list(content):
        text = part if isinstance(part, str) else as_mapping(part).get("text")
        text = as_mapping(text).get("template") if isinstance(text, Mapping) else text
        if isinstance(text, str):
            texts.append(text)
        else:
            kind = short(as_mapping(part).get("type") or "something else than text", 30)
            remarks.append(f"{where}: «{kind}» was left out. Prompts here consist of text.")
    return "\n".join(texts)


def placeholder_name(message: Mapping[str, Any]) -> str:
    """Return the name of the place where the application inserts messages; nothing for other messages."""
    if message.get("type") == "placeholder" or message.get("role") == "placeholder":
        return as_text(message.get("name")) or as_text(message.get("content")).strip("{} ") or "messages"
    return ""


def _message(message: Mapping[str, Any], number: int, convert: Convert, remarks: list[str]) -> dict[str, str]:
    where = f"Message {number}"
    content = convert(text_of(message.get("content"), where, remarks))
    remarks += content.remarks
    remarks += [
        f"{where}: «{name}» was left out. Examples of calls belong into a dataset."
        for name in ("tool_calls", "function_call", "tool_call_id")
        if message.get(name)
    ]
    return {"role": role_of(message.get("role")), "content": content.text}
