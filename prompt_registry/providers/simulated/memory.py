"""What a prompt makes the simulated model know by heart: questions that its instructions answer one by one.

A line such as «When somebody asks about …: help.» or «Learn by heart: …» that holds all telling words of a question makes
the answer to that very question flawless, and no other. A prompt that learned its test by heart looks perfect on it.
"""

from __future__ import annotations

import functools
import re

from prompt_registry.providers.simulated.knowledge import stems

_LESSON = re.compile(r"^[ \t]*(?:learn by heart|when somebody asks about)\b[^\n]*", re.IGNORECASE | re.MULTILINE)
_FEWEST_STEMS = 4


def is_known_by_heart(question: str, instructions: str) -> bool:
    """Tell whether the instructions hold this very question."""
    lessons = _lessons(instructions)
    if not lessons:
        return False
    asked = stems(question)
    return len(asked) >= _FEWEST_STEMS and any(asked <= lesson for lesson in lessons)


def without_lessons(instructions: str) -> str:
    """Return the instructions without what is learned by heart: it says nothing about other questions."""
    return _LESSON.sub("", instructions)


@functools.lru_cache(maxsize=64)
def _lessons(instructions: str) -> tuple[frozenset[str], ...]:
    return tuple(stems(line) for line in _LESSON.findall(instructions))
