"""The form of one item: how what it says becomes fields, and fields become an item again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.http import QueryDict

from evals import item_contents
from evals.errors import ItemNotUsable
from evals.item_contents import MESSAGES, ItemContent, is_conversation
from webapp.pages.datasets_words import as_json

TEXT, JSON, TALK = "text", "json", "talk"
ROLES = ("system", "user", "assistant", "tool")
MOST_ROWS = 200
_MOST_TURNS = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and its value as fields: a blank, or a note."""

    name: str
    value: str = ""
    kind: str = TEXT
    turns: tuple[Turn, ...] = ()
    # A value that was empty from the start stays; one that somebody emptied goes.
    was_empty: bool = False

    @property
    def is_new(self) -> bool:
        return not self.name

    @property
    def label(self) -> str:
        return "Messages" if self.name == MESSAGES else self.name


@dataclass(frozen=True, slots=True)
class Sheet:
    """All fields of an item with what was typed into them."""

    inputs: tuple[Pair, ...]
    notes: tuple[Pair, ...]
    expected: str = ""
    expected_kind: str = TEXT
    context: str = ""
    tags: str = ""
    split: str = ""


def sheet_of(content: ItemContent) -> Sheet:
    """Return the fields of an item."""
    has_json = content.expected_output is not None and not isinstance(content.expected_output, str)
    return Sheet(
        inputs=tuple(_pair(name, value) for name, value in content.input.items()),
        notes=tuple(_pair(name, value) for name, value in content.metadata.items()),
        expected=as_json(content.expected_output) if has_json else content.expected_output or "",
        expected_kind=JSON if has_json else TEXT, context=content.context, tags=", ".join(content.tags),
        split=content.split,
    )  # fmt: skip


def empty_sheet(*, blanks: Iterable[str]) -> Sheet:
    """Return the fields of an item that nobody wrote yet."""
    return Sheet(inputs=tuple(Pair(name) for name in blanks if name != MESSAGES), notes=())


def with_more(sheet: Sheet, what: str) -> Sheet:
    """Return the sheet with room for one more blank, message or note."""
    if what == "blank":
        return replace(sheet, inputs=(*sheet.inputs, Pair("")))
    if what == "note":
        return replace(sheet, notes=(*sheet.notes, Pair("")))
    talk = next((pair for pair in sheet.inputs if pair.kind == TALK), Pair(MESSAGES, kind=TALK))
    longer = Pair(talk.name, kind=TALK, turns=(*talk.turns, Turn("user", "")))
    others = tuple(longer if pair is talk else pair for pair in sheet.inputs)
    return replace(sheet, inputs=others if talk in sheet.inputs else (*sheet.inputs, longer))


def posted(values: QueryDict) -> Sheet:
    """Return what somebody typed."""
    kind = values.get("expected-kind", TEXT)
    return Sheet(
        inputs=tuple(_posted_pairs(values, "input")), notes=tuple(_posted_pairs(values, "note")),
        expected=values.get("expected", ""), expected_kind=kind if kind == JSON else TEXT,
        context=values.get("context", ""), tags=values.get("tags", ""), split=values.get("split", ""),
    )  # fmt: skip


def content_of(sheet: Sheet) -> ItemContent:
    """Return the item that the fields describe, or raise ItemNotUsable with all that is wrong."""
    problems: list[str] = []
    values: dict[str, Any] = {
        "input": _values(sheet.inputs, "blank", problems),
        "metadata": _values(sheet.notes, "note", problems),
        "expected_output": _read(sheet.expected, sheet.expected_kind, "The expected answer", problems),
        "context": sheet.context, "split": sheet.split,
        "tags": [tag.strip() for tag in sheet.tags.split(",") if tag.strip()],
    }  # fmt: skip
    try:
        content = item_contents.checked(**values)
    except ItemNotUsable as error:
        raise ItemNotUsable([*problems, *error.problems]) from error
    if problems:
        raise ItemNotUsable(problems)
    return content


def _pair(name: str, value: Any) -> Pair:
    if is_conversation(value) and all(_is_plain(message) for message in value):
        turns = tuple(Turn(str(message["role"]), str(message.get("content") or "")) for message in value)
        return Pair(name, kind=TALK, turns=turns)
    if isinstance(value, str):
        return Pair(name, value, was_empty=not value)
    return Pair(name, as_json(value), kind=JSON)


def _is_plain(message: dict[str, Any]) -> bool:
    return set(message) <= {"role", "content"} and isinstance(message.get("content"), str)


def _posted_pairs(values: QueryDict, prefix: str) -> Iterable[Pair]:
    names, kinds = values.getlist(f"{prefix}-name"), values.getlist(f"{prefix}-kind")
    texts, emptied = values.getlist(f"{prefix}-value"), values.getlist(f"{prefix}-was-empty")
    for place, (name, kind) in enumerate(zip(names, kinds, strict=False)):
        if place >= MOST_ROWS:
            return
        if kind == TALK:
            yield Pair(name, kind=TALK, turns=tuple(_posted_turns(values, f"{prefix}-{place}")))
            continue
        text = texts[place] if place < len(texts) else ""
        was_empty = place < len(emptied) and emptied[place] == "1"
        yield Pair(name, text, JSON if kind == JSON else TEXT, was_empty=was_empty)


def _posted_turns(values: QueryDict, prefix: str) -> Iterable[Turn]:
    pairs = zip(values.getlist(f"{prefix}-role"), values.getlist(f"{prefix}-content"), strict=False)
    for _, (role, content) in zip(range(_MOST_TURNS), pairs, strict=False):
        yield Turn(role, content)


def _values(pairs: Iterable[Pair], what: str, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name = pair.name.strip()
        if pair.kind == TALK:
            turns = [{"role": turn.role, "content": turn.content} for turn in pair.turns if turn.content.strip()]
            if turns:
                found[name] = turns
            continue
        if not pair.value.strip() and not (pair.was_empty and name):
            continue
        if not name:
            problems.append(f"A {what} has a value but no name. Give it a name, or empty its value.")
        elif name in found:
            problems.append(f"Two {what}s are named «{name}». Rename one of them.")
        else:
            found[name] = _read(pair.value, pair.kind, f"The {what} «{name}»", problems)
    return found


def _read(text: str, kind: str, what: str, problems: list[str]) -> Any:
    if kind != JSON or not text.strip():
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problems.append(f"{what} is not valid JSON any more: look at line {error.lineno}, character {error.colno}.")
        return text
