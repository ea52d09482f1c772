"""What went into a step and what came out, as stored text and as a short preview."""

from __future__ import annotations

import orjson

from monitoring.ingest import dialects, flat_lists, messages
from monitoring.ingest.cleaning import TOO_DEEP, clean_text
from monitoring.ingest.cuts import Cuts
from monitoring.ingest.dialects import Shape
from monitoring.ingest.event_messages import Told
from monitoring.ingest.fields import Rows, Sorted, Source
from monitoring.ingest.limits import MAX_PAYLOAD_CHARS, PREVIEW_CHARS
from monitoring.ingest.messages import Message

# The stored text or None, and its preview.
Payload = tuple[str | None, str]
# A conversation, or a text with the part of it that is worth a preview.
_Read = list[Message] | tuple[str, str]
_NOTHING: Payload = (None, "")
_EVENTS_RANK = {
    "input": dialects.INPUT.index(("events", Shape.EVENTS)),
    "output": dialects.OUTPUT.index(("events", Shape.EVENTS)),
}


def of_input(found: Sorted, told: Told | None, *, is_call: bool) -> Payload:
    """Return what the step was given."""
    source = found.input
    if told is not None and told.input and source[0] > _EVENTS_RANK["input"]:
        return _conversation(told.input, "user", "input", found.cuts)
    instructions = messages.instructions(found.aside["system"]) if "system" in found.aside else None
    if source[2] is None and instructions is None:
        return _NOTHING
    read = _read(source, role="user", is_call=is_call)
    if instructions is not None and isinstance(read, list):
        read = [instructions, *read]
    return _payload(read, source, "user", "input", found.cuts)


def of_output(found: Sorted, told: Told | None, *, is_call: bool) -> Payload:
    """Return what the step answered; a call's last message carries why the answer ended."""
    source = found.output
    if told is not None and told.output and source[0] > _EVENTS_RANK["output"]:
        read: _Read = told.output
    elif source[2] is None and "tool_calls" not in found.aside:
        return _NOTHING
    else:
        read = _read(source, role="assistant", is_call=is_call)
    if is_call and isinstance(read, list):
        read = _completed(read, found)
    return _payload(read, source, "assistant", "output", found.cuts)


def preview_of(text: str) -> str:
    """Return the first words on one line."""
    start = text[:PREVIEW_CHARS]
    # Nearly always true, and a third of the cost of taking the words apart.
    if start.isprintable() and "  " not in start:
        return start.strip()
    return clean_text(" ".join(text[: PREVIEW_CHARS * 2].split())[:PREVIEW_CHARS])


def _read(source: Source, *, role: str, is_call: bool) -> _Read:
    """Return the messages that a source holds, or its text when it is no conversation."""
    _, shape, value = source
    if shape is Shape.FLAT:
        return _read_rows(value, role)
    if shape is Shape.MESSAGES or is_call:
        found = messages.read(value, role=role)
        if found is not None:
            return found
    if is_call and isinstance(value, str) and value and not value.startswith(("{", "[")):
        return messages.of_text(value, role=role)
    text = messages.as_text(value)
    return (text, text) if text else []


def _read_rows(rows: Rows, role: str) -> _Read:
    found = flat_lists.conversation(rows, role=role)
    if found is not None:
        return found
    if documents := flat_lists.documents(rows):
        return messages.as_text(documents), messages.as_text(documents[0].get("content"))
    text = flat_lists.texts(rows)
    return text, text


def _completed(read: list[Message], found: Sorted) -> list[Message]:
    """Return the answer with the tool calls and the reason for its end that were told beside it."""
    answer = list(read)
    calls = messages.tool_calls(found.aside.get("tool_calls"))
    if calls and not any("tool_calls" in message for message in answer):
        last = answer.pop() if answer else {"role": "assistant", "content": ""}
        answer.append({**last, "tool_calls": calls})
    reason = messages.loaded(found.facts.get("finish_reason"))
    if answer and reason and "finish_reason" not in answer[-1]:
        first = reason[0] if isinstance(reason, list) else reason
        answer[-1] = {**answer[-1], "finish_reason": str(first)}
    return answer


def _payload(read: _Read, source: Source, role: str, name: str, cuts: Cuts) -> Payload:
    if isinstance(read, tuple):
        return _stored(*read, name, cuts)
    try:
        return _conversation(read, role, name, cuts) if read else _NOTHING
    except orjson.JSONEncodeError:
        # Nested more deeply than can be written down again: stored as it was sent.
        text = source[2] if isinstance(source[2], str) else TOO_DEEP
        return _stored(text, text, name, cuts)


def _conversation(found: list[Message], role: str, name: str, cuts: Cuts) -> Payload:
    text = orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS).decode()
    return _stored(text, messages.preview(found, role=role), name, cuts)


def _stored(text: str, shown: str, name: str, cuts: Cuts) -> Payload:
    return (text if len(text) <= MAX_PAYLOAD_CHARS else cuts.payload(name, text), preview_of(shown))
