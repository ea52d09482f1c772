"""Answers of tools, cut to what a model can read."""

from __future__ import annotations

from typing import Any

import orjson

# About fifteen thousand tokens.
MOST_CHARACTERS = 60_000
MOST_TEXT = 2_000
_MOST_DEPTH = 30
_MOST_NAME = 200
# What a number, or the signs around a value, cost.
_SMALL = 8
_LEFT_OUT = "… (left out)"


class Scissors:
    """Cuts values until they are as long as was asked for in all; what was cut says so."""

    def __init__(self, *, most_text: int = MOST_TEXT, in_all: int = MOST_CHARACTERS) -> None:
        self._most_text = most_text
        self.left = in_all

    def cut(self, value: Any, depth: int = 0) -> Any:
        """Return the value, with long texts and what follows beyond the end left out."""
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, dict | list | tuple):
            self.left -= _SMALL
            return value
        if depth >= _MOST_DEPTH:
            return _LEFT_OUT
        return self._object(value, depth) if isinstance(value, dict) else self._list(value, depth)

    def _text(self, text: str) -> str:
        room = max(0, min(self._most_text, self.left))
        self.left -= min(len(text), room) + _SMALL
        return text if len(text) <= room else f"{text[:room]}… ({len(text) - room:,} more characters)"

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in value.items():
            if self.left <= 0:
                found["…"] = f"{len(value) - len(found):,} more fields are left out"
                break
            short = str(name)[:_MOST_NAME]
            self.left -= len(short) + _SMALL
            found[short] = self.cut(item, depth + 1)
        return found

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        found: list[Any] = []
        for item in value:
            if self.left <= 0:
                return [*found, f"… ({len(value) - len(found):,} more are left out)"]
            found.append(self.cut(item, depth + 1))
        return found


def plain(value: Any) -> Any:
    """Return the value as JSON has it: times and ids as texts."""
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))


def succeeded(value: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a tool, for clients that read values and for those that read text."""
    text = orjson.dumps(value).decode()
    return {"content": [{"type": "text", "text": text}], "structuredContent": value, "isError": False}


def failed(sentence: str) -> dict[str, Any]:
    """Return why a tool did nothing, for the model that called it."""
    return {"content": [{"type": "text", "text": sentence}], "isError": True}
