"""What a reviewer reads: the conversation or the inputs, what was known, and the answers; plain texts, kept with the item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from evals.calls import RecordedCall
from evals.experiments.models import ExperimentCell
from evals.item_contents import MESSAGES
from evals.models import DatasetItem
from monitoring import trace_messages

MAX_TEXT = 12_000
_MAX_PARTS = 60

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ItemContent:
    """`inputs` and `messages` are (name, text) and (role, text); of a pair `answers` are left and right."""

    answers: tuple[str, ...]
    inputs: tuple[Pair, ...] = ()
    messages: tuple[Pair, ...] = ()
    context: str = ""
    expected: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ItemContent:
        return cls(
            answers=tuple(raw["answers"]), inputs=_pairs(raw["inputs"]), messages=_pairs(raw["messages"]),
            context=raw["context"], expected=raw["expected"],
        )  # fmt: skip


def of_cells(item: DatasetItem, *cells: ExperimentCell) -> ItemContent:
    """Return the answers of cells to the same item, in this order."""
    inputs = [(name, cut(as_text(value))) for name, value in item.input.items() if name != MESSAGES]
    return ItemContent(
        answers=tuple(cut(cell.output) for cell in cells), inputs=tuple(inputs[:_MAX_PARTS]),
        messages=_talk(item.input.get(MESSAGES)), context=cut(item.context), expected=cut(as_text(item.expected_output)),
    )  # fmt: skip


def of_call(call: RecordedCall) -> ItemContent:
    """Return a recorded call: the messages that were really sent, or else what was filled in."""
    talk = trace_messages.conversation(call.span.input)
    if talk:
        messages = tuple((message.role, cut(message.content)) for message in talk[-_MAX_PARTS:] if message.content)
        return ItemContent(answers=(cut(call.output),), messages=messages)
    inputs = [(name, cut(as_text(value))) for name, value in call.input.items() if name != MESSAGES]
    return ItemContent(
        answers=(cut(call.output),), inputs=tuple(inputs[:_MAX_PARTS]), messages=_talk(call.input.get(MESSAGES))
    )


def cut(text: str) -> str:
    """Return a text as long as somebody reads it, and how much was left out."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT:,} more characters are not shown."


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _talk(messages: Any) -> tuple[Pair, ...]:
    if not isinstance(messages, list):
        return ()
    known = [message for message in messages if isinstance(message, dict)]
    found = [(as_text(message.get("role")), cut(as_text(message.get("content")))) for message in known[-_MAX_PARTS:]]
    return tuple((role, text) for role, text in found if text)


def _pairs(raw: Iterable[Iterable[str]]) -> tuple[Pair, ...]:
    return tuple((name, text) for name, text in raw)
