"""Items in the words of the pages: short for a row of a table, whole for a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from evals.item_contents import MESSAGES, ItemContent, is_conversation, of_item
from evals.models import DatasetItem
from evals.revisions import ItemChange
from monitoring.trace_messages import json_or_text
from prompt_registry import diffs
from prompt_registry.diffs import Row

_SHORT = 240
_SHORT_BLANKS = 3
_LONG = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """One item as a row of a table."""

    item: DatasetItem
    inputs: list[tuple[str, str]]
    more_inputs: int
    expected: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of an item that differs, with its lines; a part that is only on one side differs in all of them."""

    label: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One item of a comparison of revisions: short when it came or went, in full where it changed."""

    change: ItemChange
    line: Line
    differences: list[Difference]


def line_of(item: DatasetItem) -> Line:
    """Return an item as a row of a table."""
    names = list(item.input)
    inputs = [("" if len(names) == 1 else name, in_words(item.input[name])[:_SHORT]) for name in names[:_SHORT_BLANKS]]
    return Line(item, inputs, max(0, len(names) - _SHORT_BLANKS), in_words(item.expected_output)[:_SHORT])


def change_line(change: ItemChange) -> ChangeLine:
    """Return one change between two revisions as it is shown."""
    found: list[Difference] = []
    if change.before and change.after:
        found = differences(of_item(change.before), of_item(change.after))
    return ChangeLine(change, line_of(change.shown), found)


def differences(before: ItemContent, after: ItemContent) -> list[Difference]:
    """Return the parts in which two contents differ."""
    old, new = _parts(before), _parts(after)
    return [
        Difference(label, diffs.compare(old.get(label, "")[:_LONG], new.get(label, "")[:_LONG]))
        for label in dict.fromkeys([*old, *new])
        if old.get(label, "") != new.get(label, "")
    ]


def in_words(value: Any) -> str:
    """Return a value as text to read: a conversation line by line, anything else that is no text as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        # Earlier messages in a blank come as the application wrote them down.
        talk = json_or_text(value) if value.startswith("[") else value
        return value if isinstance(talk, str) or not (talk == [] or is_conversation(talk)) else in_words(talk)
    if value == []:
        return ""
    if is_conversation(value):
        return "\n".join(f"{message['role']}: {in_words(message.get('content'))}" for message in value)
    return as_json(value)


def as_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _parts(content: ItemContent) -> dict[str, str]:
    found = {"Messages" if name == MESSAGES else name: in_words(value) for name, value in content.input.items()}
    found |= {"Expected answer": in_words(content.expected_output), "Context": content.context}
    found |= {"Tags": ", ".join(content.tags), "Part": content.split}
    return found | {f"Note {name}": in_words(value) for name, value in content.metadata.items()}
