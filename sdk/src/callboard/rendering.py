"""Fills the `{{name}}` variables of a prompt in one pass; values are never expanded again."""

import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.errors import OutputTooLarge, TemplateTooLarge, TooManyVariables

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
MAX_TEMPLATE_BYTES = 256 * 1024
MAX_VARIABLES = 10_000
MAX_OUTPUT_BYTES = 4 * 1024 * 1024

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RenderedText:
    """The filled-in text and the variables that had no value."""

    text: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenderedMessages:
    """The filled-in messages and the variables that had no value."""

    messages: list[Any]
    missing: tuple[str, ...]


class _Pass:
    """One rendering: the values, what was missing, and how much output there is so far."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.missing: dict[str, None] = {}
        self.texts: dict[str, str] = {}
        self.inserted_characters = 0
        self.output_bytes = 0

    def fill(self, template: str) -> str:
        text = VARIABLE.sub(self._replacement, template)
        self.output_bytes += _utf8_length(text)
        if self.output_bytes > MAX_OUTPUT_BYTES:
            raise OutputTooLarge
        return text

    def _replacement(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self.values:
            self.missing[name] = None
            return match[0]
        text = self.texts.get(name)
        if text is None:
            text = self.texts[name] = stringify(self.values[name])
        self.inserted_characters += len(text)
        if self.inserted_characters > MAX_OUTPUT_BYTES:
            # Stops a hostile template before it has filled the memory; `fill` has the exact count.
            raise OutputTooLarge
        return text


def render_text(template: str, values: Mapping[str, Any]) -> RenderedText:
    """Return the template with its variables filled in."""
    _check_limits([template])
    rendering = _Pass(values)
    text = rendering.fill(template)
    return RenderedText(text, tuple(rendering.missing))


def render_messages(messages: Sequence[Message], values: Mapping[str, Any]) -> RenderedMessages:
    """Return the messages with variables filled in and placeholders replaced by the messages given for them."""
    _check_limits(_texts_of(messages))
    rendering = _Pass(values)
    rendered: list[Any] = []
    for message in messages:
        if is_placeholder(message):
            rendered.extend(_inserted(str(message["name"]), rendering))
        else:
            rendered.append(_filled(message, rendering))
    return RenderedMessages(rendered, tuple(rendering.missing))


def variables_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all variables in the texts, in order of first appearance."""
    return tuple(dict.fromkeys(match[1] for text in texts for match in VARIABLE.finditer(text)))


def variables_of(messages: Sequence[Message]) -> tuple[str, ...]:
    """Return the names of all variables and placeholders of a chat prompt, variables first."""
    placeholders = [str(message["name"]) for message in messages if is_placeholder(message)]
    return tuple(dict.fromkeys([*variables_in(_texts_of(messages)), *placeholders]))


def is_placeholder(message: Message) -> bool:
    """Tell whether this entry stands for messages that the application inserts."""
    return message.get("type") == "placeholder" and "name" in message


def stringify(value: Any) -> str:
    """Return the text that a variable's value has in a prompt."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return _compact_json(value)
    return str(value)


def _compact_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError):
        # Keys that JSON has no form for, or a structure that contains itself.
        return str(value)


def _filled(message: Message, rendering: _Pass) -> dict[str, Any]:
    content = message.get("content")
    filled = {key: copy.deepcopy(value) for key, value in message.items() if key != "content"}
    if "content" in message:
        filled["content"] = rendering.fill(content) if isinstance(content, str) else copy.deepcopy(content)
    return filled


def _inserted(name: str, rendering: _Pass) -> list[Any]:
    value = rendering.values.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        rendering.missing[name] = None
        return []
    # Message objects of a provider's library are inserted as they are.
    return [dict(item) if isinstance(item, Mapping) else item for item in value if _is_message(item)]


def _is_message(item: object) -> bool:
    return isinstance(item, Mapping) or hasattr(item, "role")


def _texts_of(messages: Sequence[Message]) -> list[str]:
    return [content for message in messages if isinstance(content := message.get("content"), str)]


def _check_limits(texts: Sequence[str]) -> None:
    if sum(map(_utf8_length, texts)) > MAX_TEMPLATE_BYTES:
        raise TemplateTooLarge
    if len(variables_in(texts)) > MAX_VARIABLES:
        raise TooManyVariables


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
