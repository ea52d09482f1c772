"""What a customer notices about an answer, from the outside: told by its words, its length and the wait."""

from __future__ import annotations

import re

from prompt_registry.providers.simulated import phrases
from prompt_registry.providers.simulated.answers import Flaw
from prompt_registry.providers.simulated.topics import language_of

_NUMBER = re.compile(r"\d+")
_LONG_CHARACTERS = 700
_SLOW_SECONDS = 5.0


def noticed(*, asked: str, given: str, text: str, seconds: float) -> frozenset[Flaw]:
    """Return the faults that somebody who asked and knows what was given would notice."""
    faults = {
        Flaw.REFUSAL: any(
            text.startswith(refusal[:40]) for refusals in phrases.REFUSALS.values() for refusal in refusals
        ),
        Flaw.MADE_UP: bool(set(_NUMBER.findall(text)) - set(_NUMBER.findall(f"{asked} {given}"))),
        Flaw.LONG_WINDED: len(text) > _LONG_CHARACTERS,
        Flaw.WRONG_LANGUAGE: language_of(text) != language_of(asked),
        Flaw.SLOW: seconds > _SLOW_SECONDS,
    }
    return frozenset(flaw for flaw, is_there in faults.items() if is_there)
