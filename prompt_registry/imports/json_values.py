"""Reads JSON that somebody uploaded: one document, a list, or one document a line."""

from __future__ import annotations

import json
import math
from typing import Any

from prompt_registry.errors import ImportRefused

MAX_DEPTH = 80


def parse(text: str) -> Any:
    """Return the values, or raise ImportRefused with the place where the JSON ends to be valid."""
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_refused, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ImportRefused(f"This is not valid JSON (line {error.lineno}, character {error.colno}).") from None
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"This JSON cannot be stored: {_reason(error)}.") from None
    if is_deeper(value, MAX_DEPTH):
        raise ImportRefused("This JSON is nested too deeply.")
    return value


def rows(text: str) -> list[Any]:
    """Return the documents of a file: the items of a list, one alone, or one of each line."""
    try:
        value = parse(text)
    except ImportRefused:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].lstrip("\ufeff ").startswith("{"):
            raise
        return [_line(number, line) for number, line in enumerate(lines, 1)]
    if isinstance(value, list):
        return value
    for name in ("prompts", "data", "items"):
        if isinstance(value, dict) and isinstance(value.get(name), list):
            return list(value[name])
    return [value]


def is_deeper(value: Any, depth: int) -> bool:
    """Tell whether lists and objects are nested deeper than this."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _line(number: int, line: str) -> Any:
    try:
        return parse(line)
    except ImportRefused as error:
        raise ImportRefused(f"Row {number}: {error}") from None


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number in it is too large")
    return number


def _refused(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
