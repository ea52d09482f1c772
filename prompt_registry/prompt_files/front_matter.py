"""Reads and writes the head of a prompt file: a strict, small part of YAML, with JSON for whatever is not a plain word.

The client follows the same rules; tests/contract/prompt_files/ holds both to them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from prompt_registry.errors import FileNotReadable

MAX_DEPTH = 4
_ENTRY = re.compile(r'( *)("(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_.-]*):(?:[ \t]+(.*))?')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*)'[ \t]*(?:#.*)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
# Other readers of YAML take these for something else than text.
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def read(lines: list[str], *, first_line: int) -> dict[str, Any]:
    """Return the entries of the lines, or raise FileNotReadable with the number of the line that is wrong."""
    reader = _Reader(lines, first_line)
    values = reader.mapping(indent=0, depth=1)
    if reader.line is not None:
        raise reader.wrong("this line belongs to nothing above it. Begin it at the left edge.")
    return values


def write(values: Mapping[str, Any], *, indent: int = 0) -> list[str]:
    """Return the lines for the values; what `read` makes of them equals the values."""
    lines: list[str] = []
    for name, value in values.items():
        lines += _entry(" " * indent + _key(name) + ":", value, indent + 2)
    return lines


class _Reader:
    """The lines that are still to be read."""

    def __init__(self, lines: list[str], first_line: int) -> None:
        self.lines = lines
        self.first_line = first_line
        self.at = 0
        self._skip()

    @property
    def line(self) -> str | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def wrong(self, why: str) -> FileNotReadable:
        return FileNotReadable(f"Line {self.first_line + self.at}: {why}")

    def mapping(self, *, indent: int, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while (line := self.line) is not None and _indent_of(line) >= indent:
            found = _ENTRY.fullmatch(line)
            if found is None:
                raise self.wrong("this is not «name: value». Texts with special characters stand in double quotes.")
            if len(found[1]) != indent:
                raise self.wrong("this line begins further to the right than the one above it.")
            name = str(self._json(found[2])) if found[2].startswith('"') else found[2]
            if name in values:
                raise self.wrong(f"«{name}» stands here twice. Remove one.")
            values[name] = self._value((found[3] or "").strip(" \t"), indent, depth)
        return values

    def _value(self, rest: str, indent: int, depth: int) -> Any:
        if rest in {"|", "|-"}:
            return self._lines_of_text(indent, ends_with_line=rest == "|")
        if rest and not rest.startswith("#"):
            value = self._scalar(rest)
            self._next()
            return value
        self._next()
        line = self.line
        if line is None or _indent_of(line) <= indent:
            return None
        if line.lstrip(" ")[0] in "[{":
            return self._json_lines(indent)
        if depth >= MAX_DEPTH:
            raise self.wrong("this is nested too deeply.")
        return self.mapping(indent=_indent_of(line), depth=depth + 1)

    def _scalar(self, rest: str) -> Any:
        if rest[0] in '"[{':
            return self._json(rest)
        if rest[0] == "'":
            quoted = _SINGLE_QUOTED.fullmatch(rest)
            if quoted is None:
                raise self.wrong("the text in quotes does not end on this line.")
            return quoted[1].replace("''", "'")
        plain = re.split(r"[ \t]#", rest, maxsplit=1)[0].rstrip(" \t")
        if plain in _WORDS:
            return _WORDS[plain]
        if _NUMBER.fullmatch(plain):
            return self._json(plain)
        if plain[0] in "&*!%@`|>-?,]}" or ": " in plain or plain.endswith(":"):
            raise self.wrong('put this text into double quotes: "…".')
        return plain

    def _json(self, text: str) -> Any:
        try:
            value, end = _FINITE.raw_decode(text)
        except (ValueError, RecursionError) as error:
            raise self.wrong(f"this is not valid JSON ({_reason(error)}).") from None
        after = text[end:].strip(" \t")
        if after and not after.startswith("#"):
            raise self.wrong("something stands behind the value.")
        return value

    def _json_lines(self, indent: int) -> Any:
        began, collected = self.at, []
        while (line := self.line) is not None and _indent_of(line) > indent:
            collected.append(line)
            self.at += 1
        end, self.at = self.at, began
        value = self._json("\n".join(collected).strip(" "))
        self.at = end
        self._skip()
        return value

    def _lines_of_text(self, indent: int, *, ends_with_line: bool) -> str:
        self.at += 1
        collected: list[str] = []
        while (line := self.line) is not None and (not line.strip(" ") or _indent_of(line) > indent):
            collected.append(line)
            self.at += 1
        while collected and not collected[-1].strip(" "):
            collected.pop()
        depth = _indent_of(next((line for line in collected if line.strip(" ")), ""))
        if any(line.strip(" ") and _indent_of(line) < depth for line in collected):
            raise self.wrong("the lines of the text above do not begin at the same place.")
        self._skip()
        return "\n".join(line[depth:] for line in collected) + ("\n" if ends_with_line and collected else "")

    def _next(self) -> None:
        self.at += 1
        self._skip()

    def _skip(self) -> None:
        while (line := self.line) is not None and (not line.strip() or line.lstrip(" ").startswith("#")):
            self.at += 1


def _entry(head: str, value: Any, indent: int) -> list[str]:
    if isinstance(value, Mapping) and value and indent < 2 * MAX_DEPTH and not isinstance(value, _AsJson):
        return [head, *write(value, indent=indent)]
    if isinstance(value, str):
        return _text(head, value, indent)
    if _is_nested(value):
        shown = _visible(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
        return [head, *(" " * indent + line for line in shown.split("\n"))]
    return [f"{head} {_visible(json.dumps(value, ensure_ascii=False, allow_nan=False))}"]


class _AsJson(dict[str, Any]):
    """A mapping that is written as JSON, because its names are somebody else's."""


def as_json(value: Any) -> Any:
    """Mark a mapping as one to be written as JSON."""
    return _AsJson(value) if isinstance(value, Mapping) else value


def _text(head: str, value: str, indent: int) -> list[str]:
    if _is_plain(value):
        return [f"{head} {value}"]
    if _is_readable_block(value):
        return [f"{head} |-", *(" " * indent + line if line else "" for line in value.split("\n"))]
    return [f"{head} {_visible(json.dumps(value, ensure_ascii=False))}"]


def _is_plain(value: str) -> bool:
    return (
        value[:1].isalpha() and value.isprintable() and value.lower() not in _NOT_TEXT
        and value == value.strip() and ": " not in value and " #" not in value and not value.endswith(":")
    )  # fmt: skip


def _is_readable_block(value: str) -> bool:
    lines = value.split("\n")
    return (
        len(lines) > 1 and bool(lines[0]) and bool(lines[-1]) and not lines[0].startswith(" ")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )  # fmt: skip


def _is_nested(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(isinstance(item, list | tuple | Mapping) for item in value)
    return isinstance(value, Mapping) and bool(value)


def _key(name: str) -> str:
    is_plain = _ENTRY.fullmatch(f"{name}:") and not name.startswith('"') and name.lower() not in _NOT_TEXT
    return name if is_plain else _visible(json.dumps(name, ensure_ascii=False))


def _visible(text: str) -> str:
    """Return JSON in which characters that nobody can see are spelled out: a reviewer shall see them."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()}, character {error.colno}" if error.lineno == 1 else f"line {error.lineno} of it"
    return "too deep" if isinstance(error, RecursionError) else str(error)[:80]


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


# JSON without NaN and without numbers beyond all bounds: nothing else could store them.
_FINITE = json.JSONDecoder(parse_constant=_refuse_number, parse_float=_finite)
