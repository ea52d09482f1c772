"""What people think of an answer: mostly nothing; bad answers get a thumb down more often than good ones a thumb up."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from prompt_registry.providers.simulated.answers import Answer, Failure, Flaw

_DOWN = {
    Flaw.WRONG_LANGUAGE: 0.45,
    Flaw.REFUSAL: 0.5,
    Flaw.MADE_UP: 0.14,
    Flaw.LONG_WINDED: 0.12,
    Flaw.SLOW: 0.1,
    Flaw.FOLLOWED_SMUGGLED: 0.0,
}
_DOWN_WITHOUT_REASON = 0.012
_UP = 0.1
_DOWN_AFTER_FAILURE = 0.1
_COMMENTED = 0.4

_COMMENTS = {
    Flaw.WRONG_LANGUAGE: ("I do not speak this language", "wrong language!", "Warum auf Englisch?"),
    Flaw.REFUSAL: (
        "It refuses to help me",
        "I only get told to contact support. This IS support.",
        "useless, just says it can't help",
        "Last month it answered this, now it will not.",
        "Why can't it tell me about my refund?",
    ),
    Flaw.MADE_UP: (
        "That is not what your website says",
        "There is no such voucher code",
        "The number is wrong",
        "I called and nobody knows about this",
    ),
    Flaw.LONG_WINDED: ("Too long, I gave up reading", "tl;dr", "Could have been one sentence"),
    Flaw.SLOW: ("took forever", "So slow that I had left already"),
}
_PRAISE = ("Great, thank you!", "exactly what I needed", "quick and clear", "That helped")
_CORRECTION = (
    "You can return unused items within 30 days. The money is back within 5 working days after we get the parcel."
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """A thumb, perhaps with a few words or a better answer, some time after the answer."""

    is_up: bool
    comment: str
    correction: str
    after_seconds: float


def react(*, outcome: Answer | Failure, rng: random.Random) -> Reaction | None:
    """Return how somebody reacts to an outcome, None when they do not."""
    if isinstance(outcome, Answer):
        return react_to(flaws=outcome.flaws, rng=rng)
    if rng.random() < _DOWN_AFTER_FAILURE:
        return Reaction(False, "It only showed an error", "", _delay(rng))
    return None


def react_to(*, flaws: Collection[Flaw], rng: random.Random) -> Reaction | None:
    """Return how somebody reacts to an answer with these flaws, None when they do not."""
    roll = rng.random()
    worst = max(flaws, key=lambda flaw: _DOWN[flaw], default=None)
    if roll < (_DOWN_WITHOUT_REASON if worst is None else _DOWN[worst]):
        return _thumb_down(worst, rng)
    if worst is None and roll > 1 - _UP:
        return Reaction(True, rng.choice(_PRAISE) if rng.random() < 0.15 else "", "", _delay(rng))
    return None


def _delay(rng: random.Random) -> float:
    return 4 + rng.expovariate(1 / 40)


def _thumb_down(worst: Flaw | None, rng: random.Random) -> Reaction:
    said = _COMMENTS.get(worst, ()) if worst is not None else ()
    comment = rng.choice(said) if said and rng.random() < _COMMENTED else ""
    correction = _CORRECTION if worst is Flaw.REFUSAL and rng.random() < 0.06 else ""
    return Reaction(False, comment, correction, _delay(rng))
