"""Compares prompts: what two files must share to be the same prompt, whatever order things stand in."""

import hashlib
from collections.abc import Mapping
from typing import Any

from callboard.cli import prompt_markdown
from callboard.rendering import VARIABLE, stringify

Document = Mapping[str, Any]


def canonical(document: Document) -> str:
    """Return the document as a file in which everything has its one place; equal texts mean equal prompts."""
    tidy = {name: value for name, value in document.items() if name in ("name", "type", "text", "messages")}
    settings = {name: _sorted(value) for name, value in (document.get("settings") or {}).items()}
    tidy["settings"] = {name: value for name, value in settings.items() if value not in (None, "", [])}
    tidy["variables"] = _variables(document)
    return prompt_markdown.write(tidy)


def fingerprint(document: Document) -> str:
    """Return a short text that only equal prompts share."""
    return hashlib.sha256(canonical(document).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _variables(document: Document) -> list[dict[str, Any]]:
    """Return the blanks that the texts have, in their order: the server keeps no others."""
    described = {str(variable.get("name")): dict(variable) for variable in document.get("variables") or []}
    texts = [document.get("text") or "", *(message.get("content") or "" for message in document.get("messages") or [])]
    found = dict.fromkeys(match[1] for text in texts for match in VARIABLE.finditer(text))
    return [_variable(described[name]) for name in found if name in described]


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    """Return a blank as the server keeps it: its words are text, whatever YAML takes them for."""
    description = variable.get("description")
    tidy = {**variable, "sample": stringify(variable.get("sample"))}
    return {**tidy, "description": description.strip() if isinstance(description, str) else description}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
