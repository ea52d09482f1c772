"""What is wrong inside a JSON value, and on which line of its text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

Path = tuple[str | int, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, and the way to it from the top of the value."""

    path: Path
    sentence: str

    @property
    def words(self) -> str:
        """The sentence with the place in front of it."""
        place = " → ".join(str(step + 1) if isinstance(step, int) else step[:60] for step in self.path)
        return f"at {place}, {self.sentence}" if place else self.sentence


def line_of(text: str, path: Path) -> int:
    """Return the line, from 1, on which the value at the path begins in valid JSON text; 0 when it is not there."""
    here: list[str | int] = []
    is_name_next = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign == ",":
            is_name_next = _step(here)
        elif sign == ":":
            is_name_next = False
        elif sign in "}]":
            if here:
                here.pop()
            is_name_next = False
        elif is_name_next:
            here[-1] = _DECODER.decode(sign) if sign.startswith('"') else sign
        elif tuple(here) == path:
            return text.count("\n", 0, token.start()) + 1
        elif sign in "{[":
            here.append("" if sign == "{" else 0)
            is_name_next = sign == "{"
    return 0


def _step(here: list[str | int]) -> bool:
    """Go to the next item of a list; tells whether the name of an object's next entry follows instead."""
    if here and isinstance(here[-1], int):
        here[-1] += 1
        return False
    return bool(here)
