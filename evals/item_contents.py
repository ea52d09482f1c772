"""What an item says, as checked values: what goes into the blanks, what should come out, and what is known about it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from evals.errors import ItemNotUsable
from evals.models import DatasetItem
from prompt_registry import texts

# The name under which an item keeps a whole conversation, and the one for a text that came without a name.
MESSAGES = "messages"
UNNAMED = "input"
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 60
MAX_VALUES = 50_000
MAX_BLANKS = 200
MAX_NAME = 255
MAX_TAGS = 20
MAX_TAG = 60
MAX_SPLIT = 40
_INT64 = 2**63


class _Unstorable(ValueError):
    """A value that has no place in an item; the message says why."""


@dataclass(frozen=True, slots=True)
class ItemContent:
    """Everything about an item that people write; equal content is the same item."""

    input: dict[str, Any]
    context: str = ""
    expected_output: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    split: str = ""

    @property
    def hash(self) -> bytes:
        """What makes two items the same: what goes in and what should come out, not what is noted beside it."""
        says = [self.input, self.context, self.expected_output]
        return hashlib.sha256(orjson.dumps(says, option=orjson.OPT_SORT_KEYS)).digest()

    @property
    def size(self) -> int:
        return len(orjson.dumps([self.input, self.context, self.expected_output, self.metadata]))


def checked(
    *, input: Any, context: str | None = "", expected_output: Any = None, metadata: Any = None, tags: Iterable[Any] | None = (),
    split: str | None = "",
) -> ItemContent:  # fmt: skip
    """Return the content with every text tidied, or raise ItemNotUsable with all that is wrong.

    `input` is an object of blanks and their values; a text or a list of messages alone is put under a name.
    """
    problems: list[str] = []
    found = ItemContent(
        input=_kept(lambda: _input(input), {}, problems),
        context=_kept(lambda: _text(context, "context"), "", problems),
        expected_output=_kept(lambda: _expected(expected_output), None, problems),
        metadata=_kept(lambda: _metadata(metadata), {}, problems),
        tags=_kept(lambda: _tags(tags), (), problems),
        split=_kept(lambda: _split(split), "", problems),
    )
    if not problems and found.size > MAX_BYTES:
        problems.append("The item is larger than 1 MiB. Shorten its texts.")
    if problems:
        raise ItemNotUsable(problems)
    return found


def of_item(item: DatasetItem) -> ItemContent:
    """Return what a stored item says."""
    return ItemContent(
        item.input, item.context, item.expected_output, item.metadata, tuple(item.tags), item.split
    )  # fmt: skip


def _kept(read: Any, otherwise: Any, problems: list[str]) -> Any:
    try:
        return read()
    except _Unstorable as error:
        problems.append(str(error))
        return otherwise


def _input(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = {UNNAMED: value} if value.strip() else {}
    elif isinstance(value, list | tuple):
        value = {MESSAGES: list(value)}
    if not isinstance(value, dict):
        raise _Unstorable("The input must be an object of blanks and their values, a text, or a list of messages.")
    if not value:
        raise _Unstorable("An item needs at least one input: the value of a blank, or messages.")
    if len(value) > MAX_BLANKS:
        raise _Unstorable(f"An item may have up to {MAX_BLANKS} blanks.")
    if MESSAGES in value and not is_conversation(value[MESSAGES]):
        raise _Unstorable("«messages» must be a list of messages, each with a «role» and a «content».")
    found: dict[str, Any] = _tidy(value, "input")
    if not all(name.strip() for name in found):
        raise _Unstorable("A blank of the input has no name.")
    return found


def is_conversation(value: Any) -> bool:
    """Tell whether a value is a list of messages."""
    return bool(value) and isinstance(value, list) and all(isinstance(one, dict) and one.get("role") for one in value)


def _expected(value: Any) -> Any:
    found = _tidy(value, "expected output")
    return None if found == "" else found


def _metadata(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Unstorable("The metadata must be an object.")
    found: dict[str, Any] = _tidy(value, "metadata")
    return found


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unstorable(f"The {what} must be a text.")
    return texts.clean(value)


def _tags(values: Any) -> tuple[str, ...]:
    if values is None:
        return ()
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise _Unstorable("The tags must be a list of texts.")
    found = tuple(dict.fromkeys(_text(value, "tag").strip() for value in values))
    if len(found) > MAX_TAGS or not all(1 <= len(tag) <= MAX_TAG for tag in found):
        raise _Unstorable(f"An item may have up to {MAX_TAGS} tags of 1 to {MAX_TAG} characters each.")
    return found


def _split(value: Any) -> str:
    found = _text(value, "part").strip()
    if len(found) > MAX_SPLIT:
        raise _Unstorable(f"The part of the dataset, such as train or test, may have up to {MAX_SPLIT} characters.")
    return found


def _tidy(value: Any, what: str) -> Any:
    """Return a value as the database can keep it."""
    return _Tidying(what).of(value, MAX_DEPTH)


class _Tidying:
    """One walk through a value, which counts what it meets."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = 0

    def of(self, value: Any, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise _Unstorable(f"The {self.what} holds more than {MAX_VALUES:,} values.")
        if isinstance(value, str):
            return texts.clean(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return _number(value)
        if not depth:
            raise _Unstorable(f"The {self.what} is nested more than {MAX_DEPTH} levels deep.")
        if isinstance(value, dict):
            return {self._name(name): self.of(inner, depth - 1) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(inner, depth - 1) for inner in value]
        raise _Unstorable(f"The {self.what} holds something that is not JSON.")

    def _name(self, name: Any) -> str:
        if not isinstance(name, str) or "\x00" in name:
            raise _Unstorable(f"A name in the {self.what} is not a text, or holds a character that cannot be stored.")
        found = texts.clean(name)
        if len(found.encode()) > MAX_NAME:
            raise _Unstorable(f"A name in the {self.what} is longer than {MAX_NAME} characters.")
        return found


def _number(value: float) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if -_INT64 <= value < _INT64 else str(value)
