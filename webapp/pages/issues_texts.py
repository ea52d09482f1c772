"""Texts of calls as pieces, so that the words that made a call suspicious can be marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Enough of a text to understand it; the whole of it is one click away.
SHOWN_CHARS = 480
_BEFORE = 120


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text, from `start` up to `end` in characters, and why it matters."""

    start: int
    end: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text; `why` is set when they are what was found."""

    text: str
    is_found: bool = False
    why: str = ""


def pieces(text: str, marks: Iterable[Mark], *, limit: int = SHOWN_CHARS) -> list[Piece]:
    """Return the part of a text around the first mark, at most `limit` characters of it, with what was found told apart."""
    inside = _apart(text, marks)
    begin = _begin(inside, limit)
    end = min(len(text), begin + limit)
    found = [Piece("… ")] if begin else []
    place = begin
    for mark in inside:
        if mark.end <= begin or mark.start >= end:
            continue
        found += _plain(text[place : mark.start])
        found.append(Piece(text[max(mark.start, place) : min(mark.end, end)], is_found=True, why=mark.why))
        place = min(mark.end, end)
    found += _plain(text[place:end])
    return [*found, Piece(" …")] if end < len(text) else found


def _plain(text: str) -> list[Piece]:
    return [Piece(text)] if text else []


def _apart(text: str, marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks inside the text in order; of those that overlap only the words that no earlier one has."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        start = max(mark.start, kept[-1].end if kept else 0, 0)
        end = min(mark.end, len(text))
        if start < end:
            kept.append(Mark(start, end, mark.why))
    return kept


def _begin(marks: Sequence[Mark], limit: int) -> int:
    """Return where the shown part begins: at the start, unless the first mark would not be in it."""
    if not marks or marks[0].end <= limit:
        return 0
    return max(0, marks[0].start - _BEFORE)
