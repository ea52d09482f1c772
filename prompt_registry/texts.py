"""Text as the database and the screen can keep it."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 60


def clean(text: str) -> str:
    """Return text with line ends alike, without NUL and without broken characters."""
    tidy = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return tidy if tidy.isascii() else tidy.encode("utf-8", "replace").decode()


def clean_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return JSON values with every text in them cleaned; ValueError when they are nested too deeply."""
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        raise ValueError("this is nested too deeply.")
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(item, depth - 1) for key, item in value.items()}
    return [clean_json(item, depth - 1) for item in value]
