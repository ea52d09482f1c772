"""The text of a version line by line: every line has an address of its own, such as #m1-l12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from prompt_registry import rendering
from prompt_registry.contents import CHAT, Placeholder, PromptContent
from prompt_registry.rendering import Piece
from webapp.pages.prompts_form import PLACEHOLDER, tones

MOST_LINES = 3_000


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a message, its blanks apart with the number of their colour."""

    number: int
    pieces: list[tuple[Piece, int]]


@dataclass(frozen=True, slots=True)
class LinedMessage:
    """One message in lines; lines beyond what a page can carry are only counted."""

    place: int
    role: str
    label: str
    name: str
    lines: list[TextLine]
    unshown: int = 0


def messages_of(content: PromptContent) -> list[LinedMessage]:
    """Return the messages as they were written, with their blanks marked."""
    tone_of = tones(content)
    if content.type != CHAT:
        return [_lined(1, "text", "Text", content.text, tone_of)]
    return [
        LinedMessage(place, PLACEHOLDER, message.label, message.name, [])
        if isinstance(message, Placeholder)
        else _lined(place, message.role, message.label, message.content, tone_of)
        for place, message in enumerate(content.messages, start=1)
    ]


def _lined(place: int, role: str, label: str, text: str, tone_of: Mapping[str, int]) -> LinedMessage:
    lines: list[list[tuple[Piece, int]]] = [[]]
    for piece, tone in _pieces(text, tone_of):
        first, *rest = piece.text.split("\n")
        lines[-1].append((replace(piece, text=first), tone))
        lines += [[(replace(piece, text=part), tone)] for part in rest]
    shown = [TextLine(number, pieces) for number, pieces in enumerate(lines[:MOST_LINES], start=1)]
    return LinedMessage(place, role, label, "", shown, unshown=len(lines) - len(shown))


def _pieces(text: str, tone_of: Mapping[str, int]) -> Iterator[tuple[Piece, int]]:
    at = 0
    for match in rendering.VARIABLE.finditer(text):
        yield Piece(text[at : match.start()]), 0
        yield Piece(match[0], name=match[1]), tone_of.get(match[1], 0)
        at = match.end()
    yield Piece(text[at:]), 0
