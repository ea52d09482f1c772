"""Texts made comparable for the detectors; every step keeps the length, so that places found in them are places in the original."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import re2

# More of a text is not looked at: what decides stands at its beginning, and a hostile text may be endless.
MOST_CHARS = 65_536

# The automaton forgets states when it has no room for more; with this all patterns together stay below 60 MB.
_ROOM = 8 << 20
_SAME_LENGTH = {
    **dict.fromkeys(map(ord, "‘’‚‛ʼ`´＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»＂「」『』《》"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    # Halves of characters, as broken clients send them, cannot be written as UTF-8.
    **dict.fromkeys(range(0xD800, 0xE000), "?"),
    **dict.fromkeys(map(ord, "\u00a0\u2007\u202f\u3000\t"), " "),
}
_WITHOUT_MARKS = {
    **{
        code: base
        for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
        if (base := unicodedata.normalize("NFD", chr(code))[0]).isascii()
    },
    **{ord(letter): base for letter, base in zip("ßøØłŁđĐıæÆœŒ", "soOlLdDiaAoO", strict=True)},
}
# One sign of the end is enough: a run of them, tried from each of its signs, would take time by its square.
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]{0,4}\s|[。！？।؟][\"')]{0,4}|\n")
_QUOTED = re.compile(r'"[^"\n]{0,400}"|(?<![^\s(:])\'[^\'\n]{12,400}\'(?![a-z])')
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")


def plain(text: str) -> str:
    """Return the part that is looked at, with one kind of quotation mark, apostrophe, dash and space."""
    return text[:MOST_CHARS].translate(_SAME_LENGTH)


def folded(text: str) -> str:
    """Return the text with Latin letters that carry no marks, because RE2 knows only these as letters of words."""
    return text.translate(_WITHOUT_MARKS)


def without_quotes(text: str) -> str:
    """Blank out what a plain text quotes: words in somebody's mouth say nothing about who wrote them down."""
    return _QUOTED.sub(lambda match: " " * len(match.group()), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return from where to where each sentence or line goes, without white space around it."""
    places: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        _add(places, text, start, match.end())
        start = match.end()
    _add(places, text, start, len(text))
    return places


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def pattern(source: str) -> Any:
    """Return a pattern that ignores capitals and runs in linear time on any text."""
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, _ROOM
    return re2.compile(folded(source), options)


def _add(places: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    part = text[start:end]
    if stripped := part.strip():
        begin = start + len(part) - len(part.lstrip())
        places.append((begin, begin + len(stripped)))
