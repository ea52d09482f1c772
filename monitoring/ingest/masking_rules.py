"""Rules of a project: patterns that run on RE2 alone, in linear time and bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from monitoring.errors import RuleRefused
from monitoring.kinds import MaskMode

Span = tuple[int, int]

MAX_PATTERN_BYTES = 1024
MAX_NAME_CHARS = 40
_MAX_MEM = 8 << 20
# 256 KiB in any script, because a character takes at most four bytes. Windows overlap by half, so whatever is shorter
# than the overlap stands whole in one of them.
WINDOW_CHARS = 64 * 1024
OVERLAP_CHARS = WINDOW_CHARS // 2
# What looks at the surroundings of a match; a pattern without it matches wherever its match stands in a longer text.
_SURROUNDINGS = re.compile(r"(?<!\[)\^|\$|\\[AbBzZ]")
_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a project, ready to run; raises RuleRefused when RE2 cannot run it."""

    name: str
    pattern: str
    mode: MaskMode
    _engine: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_engine", compiled(self.pattern))

    @property
    def looks_around(self) -> bool:
        """Tell whether a match depends on what stands before and after it: line ends, word borders."""
        return bool(_SURROUNDINGS.search(self.pattern))

    def matches(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in the text."""
        return next(self.find(text), None) is not None

    def find(self, text: str) -> Iterator[Span]:
        """Yield where the pattern matches; matches of two windows may overlap each other."""
        for start in range(0, max(1, len(text) - OVERLAP_CHARS), WINDOW_CHARS - OVERLAP_CHARS):
            for match in self._engine.finditer(text[start : start + WINDOW_CHARS]):
                if match.end() > match.start():
                    yield start + match.start(), start + match.end()


def compiled(pattern: str) -> Any:
    """Return the pattern as RE2 runs it, or raise RuleRefused with what to change."""
    if not pattern.strip():
        raise RuleRefused("Type a pattern: what it matches is masked.")
    if len(pattern.encode("utf-8", "replace")) > MAX_PATTERN_BYTES:
        raise RuleRefused("The pattern is longer than 1,024 bytes. Split it into several rules.")
    options = re2.Options()
    options.max_mem, options.log_errors = _MAX_MEM, False
    try:
        engine = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise RuleRefused(_explained(pattern, error)) from error
    if engine.search("") is not None:
        raise RuleRefused("The pattern also matches an empty text, so it would match everywhere. Use + instead of *.")
    return engine


def _explained(pattern: str, error: Exception) -> str:
    if any(sign in pattern for sign in _AROUND):
        return "Looking ahead or behind – (?=…), (?!…), (?<=…), (?<!…) – is not possible here. Match the whole text instead."
    reason = str(error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error)
    if "invalid escape sequence: \\" in reason and reason[-1].isdigit():
        return "References such as \\1 are not possible here. Write the repeated part out."
    if "too large" in reason:
        return "The pattern needs too much memory. Repeat fewer times, for example {1,50} instead of {1,1000}."
    return f"The pattern is not valid: {reason[:200]}."
