"""What went into a step and what came out, as stored text and as a short preview."""

from __future__ import annotations

from typing import Any

import orjson

from monitoring.ingest import dialects, messages
from monitoring.ingest.cleaning import clean_text
from monitoring.ingest.limits import MAX_PAYLOAD_CHARS, PREVIEW_CHARS
from monitoring.ingest.messages import Message

# The stored text or None, its preview, and whether the text had to be cut.
Payload = tuple[str | None, str, bool]
_NOTHING: Payload = (None, "", False)


def of_input(attributes: dict[str, Any]) -> Payload:
    """Return what the step was given."""
    sent = attributes.get(dialects.GENAI_INPUT)
    system = attributes.get(dialects.GENAI_SYSTEM)
    if sent is not None or system is not None:
        found = messages.from_genai(sent if sent is not None else [], system=system)
        return _conversation(found, role="user") if found is not None else _plain(sent)
    if _is_openinference(attributes):
        found = messages.from_openinference(attributes, dialects.OPENINFERENCE_INPUT)
        if found is not None:
            return _conversation(found, role="user")
    return _first_plain(attributes, dialects.PLAIN_INPUT)


def of_output(attributes: dict[str, Any]) -> Payload:
    """Return what the step answered."""
    sent = attributes.get(dialects.GENAI_OUTPUT)
    if sent is not None:
        found = messages.from_genai(sent)
        return _conversation(found, role="assistant") if found is not None else _plain(sent)
    if _is_openinference(attributes):
        found = messages.from_openinference(attributes, dialects.OPENINFERENCE_OUTPUT)
        if found is not None:
            return _conversation(found, role="assistant")
        if documents := _documents(attributes):
            return _payload(orjson.dumps(documents).decode(), shown=str(documents[0].get("content", "")))
    return _first_plain(attributes, dialects.PLAIN_OUTPUT)


def preview_of(text: str) -> str:
    """Return the first words on one line."""
    start = text[:PREVIEW_CHARS]
    # Nearly always true, and a third of the cost of taking the words apart.
    if start.isprintable() and "  " not in start:
        return start.strip()
    return clean_text(" ".join(text[: PREVIEW_CHARS * 2].split())[:PREVIEW_CHARS])


def _payload(text: str, *, shown: str) -> Payload:
    preview = preview_of(shown)
    return (text, preview, False) if len(text) <= MAX_PAYLOAD_CHARS else (text[:MAX_PAYLOAD_CHARS], preview, True)


def _conversation(found: list[Message], *, role: str) -> Payload:
    return _payload(orjson.dumps(found).decode(), shown=messages.preview(found, role=role))


def _first_plain(attributes: dict[str, Any], names: tuple[str, ...]) -> Payload:
    for name in names:
        value = attributes.get(name)
        if value is not None:
            return _plain(value)
    return _NOTHING


def _plain(value: Any) -> Payload:
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    return _payload(text, shown=text)


def _is_openinference(attributes: dict[str, Any]) -> bool:
    return "openinference.span.kind" in attributes


def _documents(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        if key.startswith(dialects.DOCUMENTS):
            index, _, rest = key[len(dialects.DOCUMENTS) + 1 :].partition(".document.")
            if index.isdigit():
                rows.setdefault(int(index), {})[rest] = value
    return [rows[index] for index in sorted(rows)]
