"""Reads the items of one large JSON document, one at a time, without ever holding the whole of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from evals.errors import FileNotUsable

# Where documents keep their items: `{"items": […]}` and its likes.
HOLDERS = ("items", "data", "examples", "rows", "dataset_items", "test_cases")
_SPACES = " \t\r\n"


def values(pieces: Iterable[str], *, longest: int) -> Iterator[tuple[int, Any]]:
    """Yield each item with the line it begins on: those of a list, those of an object that holds a list, or objects."""
    reading = _Reading(iter(pieces), longest)
    while sign := reading.peek():
        if sign == "[":
            yield from _list(reading)
        elif sign == "{":
            yield from _object(reading)
        else:
            raise reading.broken("expected an object or a list")


def _list(reading: _Reading) -> Iterator[tuple[int, Any]]:
    reading.take("[")
    while reading.peek() != "]":
        line = reading.line
        yield line, reading.value()
        if reading.peek() != "]":
            reading.take(",")
    reading.take("]")


def _object(reading: _Reading) -> Iterator[tuple[int, Any]]:
    """Yield the items that an object holds; one without a list of items is an item itself."""
    found: dict[str, Any] = {}
    reading.peek()
    line, has_items = reading.line, False
    reading.take("{")
    while reading.peek() != "}":
        name = reading.value()
        if not isinstance(name, str):
            raise reading.broken("expected a name")
        reading.take(":")
        if name in HOLDERS and reading.peek() == "[":
            has_items = True
            yield from _list(reading)
        else:
            found[name] = reading.value()
        if reading.peek() != "}":
            reading.take(",")
    reading.take("}")
    if not has_items:
        yield line, found


class _Reading:
    """A place in a text of which only a stretch is here."""

    def __init__(self, pieces: Iterator[str], longest: int) -> None:
        self.line = 1
        self._pieces = pieces
        self._longest = longest
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Return the next sign that is no space, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACES:
                self.line += self._text[self._at] == "\n"
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.broken(f"expected «{sign}»")
        self._at += 1

    def value(self) -> Any:
        """Return the value that begins here."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.broken("this is nested too deeply") from None
            except ValueError:
                if len(self._text) - self._at > self._longest:
                    raise self.broken("this item is longer than 2 MiB") from None
                if not self._more():
                    raise self.broken("this is not valid JSON") from None
                continue
            # A number at the very end may go on in what is not here yet.
            if end == len(self._text) and not isinstance(found, str | dict | list) and self._more():
                continue
            self.line += self._text.count("\n", self._at, end)
            self._at = end
            return found

    def broken(self, why: str) -> FileNotUsable:
        return FileNotUsable(f"Line {self.line}: {why}. Nothing behind it can be read.")

    def _more(self) -> bool:
        """Read on, at least as much as is here already, so that long values are not tried too often."""
        rest = self._text[self._at :]
        parts, wanted = [rest], max(len(rest), 1)
        while wanted > 0 and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            wanted -= len(piece)
        self._text, self._at = "".join(parts), 0
        return len(self._text) > len(rest)
