"""Takes the messages of a request apart: instructions, given context, and what the person asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKS = {
    "context": "context", "contexts": "context", "articles": "context", "article": "context", "sources": "context",
    "help pages": "context", "documents": "context", "question": "question", "customer": "question",
    "customer message": "question", "message": "question", "ticket": "source", "document": "source", "text": "source",
}  # fmt: skip
_NAMES = "|".join(sorted(_MARKS, key=len, reverse=True))
# A line such as "Context:" or "<context>" starts a part of a message.
_PART = re.compile(rf"^[ \t]*(?:<({_NAMES})>|({_NAMES})[ \t]*:)[ \t]*", re.IGNORECASE | re.MULTILINE)
_CLOSING_TAG = re.compile(rf"</(?:{_NAMES})>", re.IGNORECASE)


# Longer texts count in full as tokens, but only their beginning is read for its meaning.
_READ_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request says, by its use: how to answer, what to rely on, what is asked, what to work on."""

    instructions: str
    context: str
    question: str
    source: str


def read_messages(messages: Sequence[Message]) -> Reading:
    """Sort the texts of a request by their use."""
    parts: dict[str, list[str]] = {"instructions": [], "context": [], "question": [], "source": []}
    system = [message.content[:_READ_CHARACTERS] for message in messages if message.role in ("system", "developer")]
    asked = [message.content[:_READ_CHARACTERS] for message in messages if message.role == "user"]
    for text in system:
        _sort_in(text, rest="instructions", parts=parts)
    for text in asked[-1:]:
        # A text prompt is one user message: instructions first, then what to work on below a mark.
        _sort_in(text, rest="instructions" if _PART.search(text) else "question", parts=parts)
    if not parts["question"] and not parts["source"] and asked:
        parts["question"] = asked[-1:]
    instructions, context, question, source = ("\n".join(parts[name]).strip() for name in parts)
    return Reading(instructions=instructions, context=context, question=question or source, source=source)


def _sort_in(text: str, *, rest: str, parts: dict[str, list[str]]) -> None:
    position, use = 0, rest
    for mark in _PART.finditer(text):
        parts[use].append(_plain(text[position : mark.start()]))
        use = _MARKS[(mark.group(1) or mark.group(2)).lower()]
        position = mark.end()
    parts[use].append(_plain(text[position:]))
    for name in parts:
        parts[name] = [one for one in parts[name] if one]


def _plain(text: str) -> str:
    return _CLOSING_TAG.sub("", text).strip()
