"""Cuts values that are longer than their limit, and remembers how long they were and what they were."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

from monitoring.ingest.cleaning import TOO_DEEP
from monitoring.ingest.limits import MAX_ATTRIBUTES, MAX_PAYLOAD_CHARS, MAX_VALUE_CHARS


class Cuts:
    """What was cut from one span: name to the length and the SHA-256 of the whole text."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def value(self, name: str, value: Any) -> Any:
        """Return the value of an attribute, or the beginning of its text when it is too long."""
        if isinstance(value, str):
            return self._text(name, value, MAX_VALUE_CHARS)
        try:
            text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError:
            return TOO_DEEP
        return value if len(text) <= MAX_VALUE_CHARS else self._text(name, text, MAX_VALUE_CHARS)

    def payload(self, name: str, text: str) -> str:
        """Return the text that went in or came out, or its beginning when it is too long."""
        return self._text(name, text, MAX_PAYLOAD_CHARS)

    def attributes(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Return the first attributes of a span that has too many."""
        self.made["attributes"] = {"length": len(kept)}
        return dict(list(kept.items())[:MAX_ATTRIBUTES])

    def _text(self, name: str, text: str, limit: int) -> str:
        if len(text) <= limit:
            return text
        self.made[name] = {"length": len(text), "sha256": sha256(text.encode("utf-8", "replace")).hexdigest()}
        return text[:limit]
