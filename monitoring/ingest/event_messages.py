"""Conversations that a call carries as events, as the older GenAI conventions have it, and Logfire's list of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.ingest.messages import Message, loaded, message, of_text, read
from monitoring.ingest.spans import RawEvent

# Carries the attributes of the call itself.
DETAILS = "gen_ai.client.inference.operation.details"
_ROLES = {
    "gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}  # fmt: skip
_CHOICE = "gen_ai.choice"
_WHOLE = {
    "gen_ai.content.prompt": ("gen_ai.prompt", "user"),
    "gen_ai.content.completion": ("gen_ai.completion", "assistant"),
}
FIRST_PIECES = {"First Token Stream Event", "llm.content.completion.chunk", "gen_ai.content.completion.chunk"}


@dataclass(slots=True)
class Told:
    """What the events of a call tell: its messages, and when the first piece of the answer came."""

    input: list[Message] = field(default_factory=list)
    output: list[Message] = field(default_factory=list)
    others: list[RawEvent] = field(default_factory=list)
    first_piece_ns: int | None = None


def told_by(events: Iterable[RawEvent]) -> Told:
    """Return what the events tell; `others` are those whose content is not told elsewhere in the span."""
    told = Told()
    for event in events:
        if event.name in FIRST_PIECES and (told.first_piece_ns is None or event.at_ns < told.first_piece_ns):
            told.first_piece_ns = event.at_ns
        if event.name != DETAILS and not _add(told, event.name, _body(event.attributes)):
            told.others.append(event)
    return told


def logged(value: Any) -> Told:
    """Return what a list of events tells that was logged as one attribute."""
    told, events = Told(), loaded(value)
    for event in events if isinstance(events, list) else []:
        if isinstance(event, dict):
            _add(told, str(event.get("event.name", "")), event)
    return told


def _add(told: Told, name: str, body: Mapping[str, Any]) -> bool:
    if name == _CHOICE:
        told.output.append(_choice(body))
    elif name in _ROLES:
        told.input.append(message({**body}, role=_ROLES[name]))
    elif name in _WHOLE:
        key, role = _WHOLE[name]
        value = body.get(key)
        side = told.input if role == "user" else told.output
        side += read(value, role=role) or (of_text(value, role=role) if isinstance(value, str) else [])
    else:
        return False
    return True


def _choice(body: Mapping[str, Any]) -> Message:
    inside = loaded(body.get("message"))
    sent = inside if isinstance(inside, dict) else {**body, "content": body.get("content", inside)}
    return message({**sent, "finish_reason": body.get("finish_reason")}, role="assistant")


def _body(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event; older clients put them into one attribute as JSON."""
    inside = loaded(attributes.get("gen_ai.event.content"))
    found = {**attributes, **inside} if isinstance(inside, dict) else {**attributes}
    if isinstance(inside, list | str) and "content" not in found:
        found["content"] = inside
    # A tool's answer names the call it answers by its id.
    if "id" in found:
        found.setdefault("tool_call_id", found["id"])
    return found
