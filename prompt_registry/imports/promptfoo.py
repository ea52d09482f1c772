"""Prompts out of a promptfoo configuration: the entries of `prompts:` that stand in the file itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.errors import ImportRefused
from prompt_registry.imports import blanks, json_values, messages, parameters, yaml_values
from prompt_registry.imports.values import (
    FoundPrompt,
    Reading,
    SourceFile,
    as_list,
    as_mapping,
    as_text,
    distinct,
    short,
)

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_ELSEWHERE = re.compile(r"(?:file|exec|python|https?)://|^[\w./*-]+\.(?:txt|json|ya?ml|md|j2|py|js|ts|csv)(?::\w+)?$")
_NOT_TAKEN = {
    "providers": "providers: choose the model here, in the settings of the prompt",
    "tests": "tests: import them as a dataset",
    "defaultTest": "defaultTest: import it as a dataset",
}


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this looks like a promptfoo configuration."""
    return isinstance(document, Mapping) and "prompts" in document


def read(files: Sequence[SourceFile]) -> Reading:
    """Return the prompts of the configurations."""
    found = Reading()
    for file in files:
        document = as_mapping(yaml_values.parse(file.text))
        prompts = document.get("prompts")
        entries = [prompts] if isinstance(prompts, str | Mapping) else as_list(prompts)
        for number, entry in enumerate(entries, 1):
            found += _reading(entry, f"{file.prompt_name}-{number}" if len(entries) > 1 else file.prompt_name)
        left = [why for name, why in _NOT_TAKEN.items() if document.get(name)]
        found += Reading(remarks=[f"Not taken: {'; '.join(left)}."] if left else [])
    return found


def _reading(entry: object, fallback: str) -> Reading:
    told = as_mapping(entry)
    raw = entry if isinstance(entry, str) else told.get("raw") or told.get("id")
    name = as_text(told.get("label")) or (as_text(told.get("id")) if told.get("raw") else "") or fallback
    name = _NOT_IN_A_NAME.sub("-", name).strip("-")[:120] or fallback
    if not isinstance(raw, str) or _ELSEWHERE.match(raw.strip()):
        return Reading(remarks=[f"«{short(raw or name)}» stands in another file. Upload that file as well."])
    settings, remarks = parameters.read(as_mapping(told.get("config")))
    document: dict[str, Any] = {"settings": settings, "variables": []}
    chat = _chat_in(raw)
    if chat:
        found, about = messages.read(chat, blanks.jinja)
        document |= {"type": "chat", "messages": found}
    else:
        converted = blanks.jinja(raw)
        document |= {"type": "text", "text": converted.text}
        about = list(converted.remarks)
    return Reading([FoundPrompt(name, document, remarks=distinct(remarks + about))])


def _chat_in(text: str) -> list[Any]:
    """Return the messages of a prompt that is written as JSON or YAML; none when it is plain text."""
    begins = text.lstrip()[:1]
    if begins not in ("[", "-"):
        return []
    try:
        value = json_values.parse(text) if begins == "[" else yaml_values.parse(text)
    except ImportRefused:
        return []
    items = list(as_list(value))
    return items if items and all("role" in as_mapping(item) for item in items) else []
