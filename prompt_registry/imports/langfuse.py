"""Prompts out of Langfuse: the list that its export and its API give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.imports import blanks, json_values, messages, parameters
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


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this looks like Langfuse's."""
    items = document if isinstance(document, list) else [document]
    first = as_mapping(items[0]) if items else {}
    return "name" in first and isinstance(first.get("prompt"), str | list)


def read(files: Sequence[SourceFile]) -> Reading:
    """Return every version in the files, oldest first."""
    items = [as_mapping(item) for file in files for item in json_values.rows(file.text)]
    known = [item for item in items if item.get("name") and isinstance(item.get("prompt"), str | list)]
    left_over = len(items) - len(known)
    remarks = [f"{left_over} entries without a name or a prompt were left out."] if left_over else []
    return Reading([_found(item) for item in sorted(known, key=_version)], remarks)


def _found(item: Mapping[str, Any]) -> FoundPrompt:
    prompt, is_chat = item["prompt"], isinstance(item["prompt"], list)
    settings, remarks = parameters.read_config(as_mapping(item.get("config")))
    document: dict[str, Any] = {"type": "chat" if is_chat else "text", "settings": settings, "variables": []}
    if is_chat:
        document["messages"], told = messages.read(prompt, blanks.same)
        remarks += told
    else:
        document["text"] = prompt
    labels = [short(label, 36) for label in as_list(item.get("labels")) if label != "latest"]
    if labels:
        remarks.append(
            f"It does not go live by itself ({', '.join(labels[:6])} there). Publish it here when it is right."
        )
    return FoundPrompt(
        name=as_text(item["name"]), document=document, note=as_text(item.get("commitMessage")),
        tags=tuple(tag for tag in as_list(item.get("tags")) if isinstance(tag, str)), remarks=distinct(remarks),
    )  # fmt: skip


def _version(item: Mapping[str, Any]) -> int:
    number = item.get("version")
    return number if isinstance(number, int) else 0
