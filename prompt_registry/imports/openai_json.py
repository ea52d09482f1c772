"""Requests as OpenAI and compatible providers take them: messages and model parameters, one or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.imports import blanks, json_values, messages, parameters
from prompt_registry.imports.values import FoundPrompt, Reading, SourceFile, as_list, as_mapping, as_text, distinct

_NOT_PARAMETERS = frozenset(
    {"messages", "input", "instructions", "prompt", "name", "id", "stream", "stream_options", "store"}
)


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this looks like a request to a model."""
    first = as_mapping(document[0] if isinstance(document, list) and document else document)
    return bool(first) and ("messages" in first or "role" in first or ("model" in first and "input" in first))


def read(files: Sequence[SourceFile]) -> Reading:
    """Return one prompt for each request."""
    found = Reading()
    for file in files:
        items = json_values.rows(file.text)
        if items and all("role" in as_mapping(item) for item in items):
            items = [{"messages": items}]
        for number, item in enumerate(items, 1):
            name = file.prompt_name + (f"-{number}" if len(items) > 1 else "")
            found += _reading(as_mapping(item), name)
    return found


def _reading(item: Mapping[str, Any], name: str) -> Reading:
    body = as_mapping(item.get("body")) or item  # a line of a batch file wraps the request
    name = as_text(item.get("name")) or name
    raw = _messages(body)
    if not raw:
        return Reading(remarks=[f"{name}: there are no messages in it."])
    found, remarks = messages.read(raw, blanks.same)
    settings, told = parameters.read(body, ignored=_NOT_PARAMETERS)
    document = {"type": "chat", "messages": found, "settings": settings, "variables": []}
    return Reading([FoundPrompt(name, document, remarks=distinct(remarks + told))])


def _messages(body: Mapping[str, Any]) -> list[Any]:
    if as_list(body.get("messages")):
        return list(as_list(body["messages"]))
    instructions, given = as_text(body.get("instructions")), body.get("input")
    asked = [{"role": "user", "content": given}] if isinstance(given, str) and given else list(as_list(given))
    return ([{"role": "system", "content": instructions}] if instructions else []) + asked
