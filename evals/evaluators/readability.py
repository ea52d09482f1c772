"""How hard a text is to read, by the length of its sentences and words (LIX, Björnsson 1968): the same for many languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome

# From the first sign of a row on, or a long row would be looked at from each of its signs.
_SENTENCE = re.compile(r"(?<![.!?:…。！？])[.!?:…。！？]+(?=\s|$)|\n+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONG = 6
_FEWEST_WORDS = 5
_MOST_CHARS = 200_000
# Scripts without spaces between words: what is a word cannot be told by them.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]")


class Hardness(StrEnum):
    """The names that the author of the measure gave its values."""

    VERY_EASY = "very easy"
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    VERY_HARD = "very hard"


_LIMITS = {Hardness.VERY_EASY: 30.0, Hardness.EASY: 40.0, Hardness.MEDIUM: 50.0, Hardness.HARD: 60.0}
# From this value on nothing gets harder to read.
_HARDEST = 80.0


def lix(text: str) -> float:
    """Return words per sentence plus the percentage of words with more than six letters."""
    words = _WORD.findall(text[:_MOST_CHARS])
    if not words:
        return 0.0
    sentences = sum(bool(_WORD.search(one)) for one in _SENTENCE.split(text[:_MOST_CHARS]))
    return len(words) / max(1, sentences) + 100 * sum(len(word) > _LONG for word in words) / len(words)


def hardness_of(value: float) -> Hardness:
    """Return the name of a value."""
    return next((name for name, limit in _LIMITS.items() if value < limit), Hardness.VERY_HARD)


@dataclass(frozen=True, slots=True)
class Readable:
    """The answer is at most this hard to read."""

    hardest: str = Hardness.MEDIUM

    def __post_init__(self) -> None:
        if self.hardest not in _LIMITS:
            raise EvaluatorRefused(f"An answer may be {', '.join(_LIMITS)} to read. Choose one of these.")

    def judge(self, case: Case) -> Outcome:
        count = len(_WORD.findall(case.output[:_MOST_CHARS]))
        if len(_UNSPACED.findall(case.output[:_MOST_CHARS])) > count:
            raise CannotJudge("How hard this is to read cannot be told: its words are not separated by spaces.")
        if count < _FEWEST_WORDS:
            raise CannotJudge(f"Fewer than {_FEWEST_WORDS} words say nothing about how hard a text is to read.")
        value = lix(case.output)
        name = hardness_of(value)
        passed = value < _LIMITS[Hardness(self.hardest)]
        return Outcome(max(0.0, 1 - value / _HARDEST), passed, f"The answer is {name} to read (LIX {value:.0f}).")
