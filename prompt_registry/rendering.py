"""Fills the `{{name}}` blanks of a prompt in one pass; values are never expanded again.

The SDK follows the same rules; tests/contract/rendering.json holds both to them.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompt_registry.errors import OutputTooLarge, TemplateTooLarge, TooManyVariables

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
MAX_TEMPLATE_BYTES = 256 * 1024
MAX_VARIABLES = 10_000
MAX_OUTPUT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a template: literal text, or a blank with its value when it has one."""

    text: str
    name: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class RenderedText:
    """The filled-in text and the blanks that had no value."""

    text: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenderedMessages:
    """The filled-in messages and the blanks that had no value."""

    messages: list[dict[str, Any]]
    missing: tuple[str, ...]


class _Pass:
    """One rendering: the values, what was missing, and how much output there is so far."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.missing: dict[str, None] = {}
        self.texts: dict[str, str] = {}
        self.output_bytes = 0

    def fill(self, template: str) -> str:
        return "".join(piece.text for piece in self.pieces(template))

    def pieces(self, template: str) -> Iterator[Piece]:
        end = 0
        for match in VARIABLE.finditer(template):
            if match.start() > end:
                yield self._counted(Piece(template[end : match.start()]))
            yield self._counted(self._filled(match))
            end = match.end()
        if end < len(template):
            yield self._counted(Piece(template[end:]))

    def _filled(self, match: re.Match[str]) -> Piece:
        name = match[1]
        if name not in self.values:
            self.missing[name] = None
            return Piece(match[0], name, is_missing=True)
        if name not in self.texts:
            self.texts[name] = stringify(self.values[name])
        return Piece(self.texts[name], name)

    def _counted(self, piece: Piece) -> Piece:
        self.output_bytes += utf8_length(piece.text)
        if self.output_bytes > MAX_OUTPUT_BYTES:
            raise OutputTooLarge
        return piece


def render_text(template: str, values: Mapping[str, Any]) -> RenderedText:
    """Return the template with its blanks filled in."""
    check_limits([template])
    rendering = _Pass(values)
    text = rendering.fill(template)
    return RenderedText(text, tuple(rendering.missing))


def render_messages(messages: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> RenderedMessages:
    """Return the messages with blanks filled in and placeholders replaced by the messages given for them."""
    check_limits(_texts_of(messages))
    rendering = _Pass(values)
    rendered: list[dict[str, Any]] = []
    for message in messages:
        if is_placeholder(message):
            rendered.extend(_inserted(str(message["name"]), rendering))
        else:
            rendered.append(_filled_message(message, rendering))
    return RenderedMessages(rendered, tuple(rendering.missing))


def pieces_of(template: str, values: Mapping[str, Any]) -> list[Piece]:
    """Return the filled-in template in pieces, so that a page can show which words came from which blank."""
    check_limits([template])
    return list(_Pass(values).pieces(template))


def variables_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all blanks in the texts, in order of first appearance."""
    return tuple(dict.fromkeys(match[1] for text in texts for match in VARIABLE.finditer(text)))


def is_placeholder(message: Mapping[str, Any]) -> bool:
    """Tell whether this entry stands for messages that the application inserts."""
    return message.get("type") == "placeholder" and "name" in message


def check_limits(texts: Sequence[str]) -> None:
    """Refuse templates that are too large or have too many blanks."""
    if sum(map(utf8_length, texts)) > MAX_TEMPLATE_BYTES:
        raise TemplateTooLarge
    if len(variables_in(texts)) > MAX_VARIABLES:
        raise TooManyVariables


def stringify(value: Any) -> str:
    """Return the text that a value has in a prompt."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return _compact_json(value)
    return str(value)


def utf8_length(text: str) -> int:
    """Return how many bytes the text takes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _compact_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError):
        # Keys that JSON has no form for, or a structure that contains itself.
        return str(value)


def _filled_message(message: Mapping[str, Any], rendering: _Pass) -> dict[str, Any]:
    filled = {key: copy.deepcopy(value) for key, value in message.items()}
    if isinstance(message.get("content"), str):
        filled["content"] = rendering.fill(message["content"])
    return filled


def _inserted(name: str, rendering: _Pass) -> list[dict[str, Any]]:
    value = rendering.values.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        rendering.missing[name] = None
        return []
    return [dict(item) for item in value if isinstance(item, Mapping)]


def _texts_of(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [content for message in messages if isinstance(content := message.get("content"), str)]
