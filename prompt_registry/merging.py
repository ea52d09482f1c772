"""Combines what two people wrote from the same version, when they changed different places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from prompt_registry import contents, model_settings
from prompt_registry.alignments import align
from prompt_registry.contents import TEXT, Message, Placeholder, PromptContent, Variable
from prompt_registry.errors import ContentNotUsable

T = TypeVar("T")


class _Overlap(Exception):
    """Both changed the same place, so a person must choose."""


def combine(*, base: PromptContent, mine: PromptContent, theirs: PromptContent) -> PromptContent | None:
    """Return both changes in one content, or None when both touched the same lines, blanks or settings."""
    try:
        raw = {
            "type": base.type,
            "text": _text(base.text, mine.text, theirs.text) if base.type == TEXT else "",
            "messages": [message.to_json() for message in _messages(base.messages, mine.messages, theirs.messages)],
            "variables": [variable.to_json() for variable in _variables(base, mine, theirs)],
            "settings": _settings(base, mine, theirs),
        }
        return contents.parse(raw)
    except (_Overlap, ContentNotUsable):
        return None


def _one(base: T, mine: T, theirs: T) -> T:
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        return theirs
    raise _Overlap


Messages = Sequence[Message | Placeholder]


def _messages(base: Messages, mine: Messages, theirs: Messages) -> Messages:
    try:
        return _one(base, mine, theirs)
    except _Overlap:
        if not len(base) == len(mine) == len(theirs):
            raise
        return [_message(*three) for three in zip(base, mine, theirs, strict=True)]


def _message(
    base: Message | Placeholder, mine: Message | Placeholder, theirs: Message | Placeholder
) -> Message | Placeholder:
    if isinstance(base, Message) and isinstance(mine, Message) and isinstance(theirs, Message):
        return Message(_one(base.role, mine.role, theirs.role), _text(base.content, mine.content, theirs.content))
    return _one(base, mine, theirs)


def _text(base: str, mine: str, theirs: str) -> str:
    try:
        return _one(base, mine, theirs)
    except _Overlap:
        return "\n".join(_lines(base.split("\n"), mine.split("\n"), theirs.split("\n")))


def _lines(base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """Return the lines with both sets of changes; between two changes at least one line must be untouched."""
    changes = sorted({*_edits(base, mine), *_edits(base, theirs)})
    merged: list[str] = []
    at = 0
    for index, (start, end, lines) in enumerate(changes):
        if index and start <= changes[index - 1][1]:
            raise _Overlap
        merged += [*base[at:start], *lines]
        at = end
    return merged + base[at:]


def _edits(base: list[str], other: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    return [
        (block.a_start, block.a_end, tuple(other[block.b_start : block.b_end]))
        for block in align(base, other)
        if not block.is_same
    ]


def _variables(base: PromptContent, mine: PromptContent, theirs: PromptContent) -> list[Variable]:
    old, left, right = ({variable.name: variable for variable in content.variables} for content in (base, mine, theirs))
    found = []
    for name in {**left, **right}:
        empty = old.get(name, Variable(name))
        found.append(_one(empty, left.get(name, empty), right.get(name, empty)))
    return found


def _settings(base: PromptContent, mine: PromptContent, theirs: PromptContent) -> Mapping[str, Any]:
    old, left, right = (content.settings.to_json() for content in (base, mine, theirs))
    combined = {name: _one(old.get(name), left.get(name), right.get(name)) for name in model_settings.NAMES}
    return {name: value for name, value in combined.items() if value is not None}
