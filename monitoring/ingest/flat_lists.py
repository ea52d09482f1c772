"""Lists that a dialect takes apart into single attributes: `llm.input_messages.0.message.content`, put together again."""

from __future__ import annotations

from typing import Any

from monitoring.ingest.fields import Rows
from monitoring.ingest.messages import Message, as_text, message

# What stands between the number of a row and the name of a piece.
_OF_MESSAGE, _OF_DOCUMENT, _OF_CALL = "message.", "document.", "tool_call."
_PLAIN_TEXTS = ("prompt.text", "completion.text", "embedding.text")
_MOST_PARTS = 1_000


def conversation(rows: Rows, *, role: str) -> list[Message] | None:
    """Return the rows as messages, or None when they are something else."""
    found = [_message(rows[index], role) for index in sorted(rows)]
    return [one for one in found if one is not None] if any(found) else None


def documents(rows: Rows) -> list[dict[str, Any]] | None:
    """Return the rows as documents, each with its content, score and so on, or None when they are something else."""
    found = [
        {name.removeprefix(_OF_DOCUMENT): value for name, value in rows[index].items() if name.startswith(_OF_DOCUMENT)}
        for index in sorted(rows)
    ]
    return found if any(found) else None


def texts(rows: Rows) -> str:
    """Return the plain texts of rows that are neither messages nor documents, one a line."""
    return "\n".join(
        as_text(rows[index][name]) for index in sorted(rows) for name in _PLAIN_TEXTS if name in rows[index]
    )


def _message(row: dict[str, Any], role: str) -> Message | None:
    for name in ("prompt.text", "completion.text"):
        if name in row:
            return {"role": role, "content": as_text(row[name])}
    told = {name.removeprefix(_OF_MESSAGE): value for name, value in row.items() if not name.startswith(_OF_DOCUMENT)}
    if not told.keys() & {"role", "content", "finish_reason"} and not any("." in name for name in told):
        return None
    sent: Message = {"role": told.get("role", role), "content": as_text(told.get("content"))}
    if not sent["content"]:
        sent["content"] = "\n".join(_pieces_of_text(told))
    sent["tool_calls"] = [_call(call) for call in _grouped(told, "tool_calls.")] or _function_call(told)
    for name in ("finish_reason", "name", "tool_call_id"):
        sent[name] = told.get(name)
    return message(sent, role=role)


def _pieces_of_text(told: dict[str, Any]) -> list[str]:
    return [
        as_text(part["message_content.text"]) for part in _grouped(told, "contents.") if "message_content.text" in part
    ]


def _call(told: dict[str, Any]) -> Message:
    call = {name.removeprefix(_OF_CALL).removeprefix("function."): value for name, value in told.items()}
    return {name: call.get(name) for name in ("id", "name", "arguments")}


def _function_call(told: dict[str, Any]) -> list[Message]:
    name = told.get("function_call_name", told.get("function_call.name"))
    if not name:
        return []
    arguments = told.get("function_call_arguments_json", told.get("function_call.arguments"))
    return [{"id": "", "name": name, "arguments": arguments}]


def _grouped(told: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Return the pieces below `prefix`, grouped by the number that follows it."""
    rows: Rows = {}
    for name, value in told.items():
        if name.startswith(prefix):
            index, _, rest = name[len(prefix) :].partition(".")
            if index.isascii() and index.isdecimal() and len(index) <= 6 and len(rows) < _MOST_PARTS:
                rows.setdefault(int(index), {})[rest] = value
    return [rows[index] for index in sorted(rows)]
