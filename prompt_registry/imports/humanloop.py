"""Prompts out of Humanloop: `.prompt` files with settings above and messages in tags below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.imports import blanks, messages, parameters, yaml_values
from prompt_registry.imports.values import FoundPrompt, Reading, SourceFile, as_mapping, distinct

_TAG = re.compile(r"^[ \t]*<(/?)(system|user|assistant|developer|tool)((?:\s[^<>\n]*)?)>[ \t]*$", re.MULTILINE)
_IMAGE = re.compile(r"<image\b[^<>]*>")
_NOT_PARAMETERS = frozenset({"endpoint", "provider", "template_language", "path", "id", "version_id", "name"})


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this is a `.prompt` file, or text with its tags."""
    return file.name.lower().endswith(".prompt") or (isinstance(document, str) and bool(_TAG.search(document)))


def read(files: Sequence[SourceFile]) -> Reading:
    """Return the prompt of each file."""
    return Reading([_found(file) for file in files])


def _found(file: SourceFile) -> FoundPrompt:
    head, body = _split(file.text.removeprefix("\ufeff").replace("\r\n", "\n"))
    convert = blanks.jinja if head.get("template_language") == "jinja" else blanks.same
    settings, remarks = parameters.read(head, ignored=_NOT_PARAMETERS)
    document: dict[str, Any] = {"settings": settings, "variables": []}
    if chat := _chat(body):
        found, told = messages.read(chat, convert)
        document |= {"type": "chat", "messages": found}
    else:
        converted = convert(body.strip("\n"))
        document |= {"type": "text", "text": converted.text}
        told = list(converted.remarks)
    if _IMAGE.search(body):
        told.append("An image stays as text. Prompts here consist of text.")
    return FoundPrompt(file.prompt_name, document, remarks=distinct(remarks + told))


def _split(text: str) -> tuple[Mapping[str, Any], str]:
    lines = text.split("\n")
    if lines[0].rstrip() != "---" or "---" not in (line.rstrip() for line in lines[1:]):
        return {}, text
    end = next(number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---")
    return as_mapping(yaml_values.parse("\n".join(lines[1:end]))), "\n".join(lines[end + 1 :])


def _chat(body: str) -> list[dict[str, str]]:
    """Return the messages: what stands between a tag and its end."""
    found: list[dict[str, str]] = []
    role, begins = "", 0
    for tag in _TAG.finditer(body):
        if role and tag[1] and tag[2] == role:
            found.append({"role": role, "content": body[begins : tag.start()].strip("\n")})
            role = ""
        elif not role and not tag[1]:
            role, begins = tag[2], tag.end()
    if role:
        found.append({"role": role, "content": body[begins:].strip("\n")})
    return found
