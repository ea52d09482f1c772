"""What somebody who writes a filter may be about to write: where the cursor stands, and what could stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.exploring import fields
from monitoring.exploring.fields import FIELDS, Field

MOST = 12
_HEAD = re.compile(r'-?([A-Za-z][A-Za-z0-9_]*)(?:\.("(?:[^"\\]|\\.)*"|[^\s:",]+))?:')
_KEYED = re.compile(r'-?([A-Za-z][A-Za-z0-9_]*)\.("?[^\s:",]*)')
# After these a quote begins a text; anywhere else it is a part of one.
_BEFORE_QUOTE = frozenset(" \t\n-:,<>=.")
_SIGNS = re.compile(r'[<>=]*"?')
_PLAIN = re.compile(r'[^\s",*<>=:]+')


@dataclass(frozen=True, slots=True)
class Place:
    """What is being written: the name of a field, the key behind its dot, or a value; it stands from `start` to the cursor."""

    start: int
    typed: str
    field: Field | None = None
    key: str = ""
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that could stand at the place, as it is written, with a word about it."""

    text: str
    hint: str = ""


def place(line: str, cursor: int) -> Place:
    """Return what is being written where the cursor stands."""
    before = line[: max(0, cursor)]
    begin = _begin_of_word(before)
    word = before[begin:]
    head = _HEAD.match(word)
    field = fields.find(head[1]) if head else None
    if head and field:
        value = _begin_of_value(word, head.end())
        signs = _SIGNS.match(word, value)
        typed = word[signs.end() if signs else value :]
        return Place(
            begin + len(word) - len(typed) - word[: -len(typed) or None].endswith('"'), typed, field, head[2] or ""
        )
    keyed = _KEYED.fullmatch(word)
    field = fields.find(keyed[1]) if keyed else None
    if keyed and field and field.key_label:
        return Place(begin + keyed.start(2), keyed[2].lstrip('"'), field, is_key=True)
    typed = word.removeprefix("-")
    return Place(begin + len(word) - len(typed), typed)


def field_options(typed: str) -> list[Option]:
    """Return the fields that begin with what was typed, then those that are called so on screen."""
    wanted = typed.lower()
    if wanted.startswith('"'):
        return []
    begin = [field for field in FIELDS.values() if field.name.startswith(wanted)]
    named = [field for field in FIELDS.values() if field not in begin and field.label.lower().startswith(wanted)]
    return [Option(f"{field.name}{'.' if field.key_label else ':'}", field.hint) for field in [*begin, *named]][:MOST]


def value_options(found: Iterable[str], typed: str) -> list[Option]:
    """Return the values with what was typed in them, those that begin with it first, as they are written."""
    wanted = typed.lower()
    fitting = [value for value in found if wanted in value.lower()]
    fitting.sort(key=lambda value: not value.lower().startswith(wanted))
    return [Option(_written(value)) for value in fitting[:MOST]]


def key_options(found: Iterable[str], typed: str) -> list[Option]:
    return [Option(f"{option.text}:") for option in value_options(found, typed)]


def _begin_of_word(text: str) -> int:
    begin, is_quoted = 0, False
    for at, letter in enumerate(text):
        if letter == '"' and (is_quoted or at == begin or text[at - 1] in _BEFORE_QUOTE):
            is_quoted = not (is_quoted and text[at - 1] != "\\")
        elif letter.isspace() and not is_quoted:
            begin = at + 1
    return begin


def _begin_of_value(word: str, begin: int) -> int:
    is_quoted = False
    for at in range(begin, len(word)):
        if word[at] == '"':
            is_quoted = not is_quoted
        elif word[at] == "," and not is_quoted:
            begin = at + 1
    return begin


def _written(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
