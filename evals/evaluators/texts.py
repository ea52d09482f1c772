"""Checks that look at the words of an answer: the same as expected, contains, matches a pattern, as long as it should be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from monitoring.errors import RuleRefused
from monitoring.ingest.masking_rules import WINDOW_CHARS, compiled

_SPACE = re.compile(r"\s+")
_CITATION = re.compile(r"\[\d{1,3}\]|\(\w[^()]{0,60}\b(19|20)\d\d\)|https?://\S", re.ASCII)


class Wanted(StrEnum):
    """How many of several texts an answer must contain."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


def plain(text: str) -> str:
    """Return the text without differences that people do not see: capitals, white space, composition, end punctuation."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip(" .!?\"'")


@dataclass(frozen=True, slots=True)
class Exact:
    """The answer is the expected one; unless strict, capitals, spaces and the last punctuation do not matter."""

    strict: bool = False

    def judge(self, case: Case) -> Outcome:
        expected = case.demand_expected()
        same = case.output == expected if self.strict else plain(case.output) == plain(expected)
        return yes_or_no(same, "The answer is the expected one." if same else "The answer is not the expected one.")


@dataclass(frozen=True, slots=True)
class Contains:
    """The answer contains all, any or none of the texts; capitals and spaces do not matter."""

    texts: tuple[str, ...]
    wanted: Wanted = Wanted.ALL

    def __post_init__(self) -> None:
        if not self.texts or not all(plain(text) for text in self.texts):
            raise EvaluatorRefused("Say at least one text to look for; none of them may be empty.")

    def judge(self, case: Case) -> Outcome:
        answer = plain(case.output)
        found = [text for text in self.texts if plain(text) in answer]
        missing = [text for text in self.texts if text not in found]
        match self.wanted:
            case Wanted.ALL:
                return yes_or_no(not missing, _named("Everything is there", "Missing", missing))
            case Wanted.ANY:
                return yes_or_no(bool(found), _named("None of the texts is there", "Found", found))
            case Wanted.NONE:
                return yes_or_no(not found, _named("None of the texts is there", "Found", found))


@dataclass(frozen=True, slots=True)
class Pattern:
    """The answer matches a pattern of RE2 somewhere, or does not when that is wanted."""

    pattern: str
    must_match: bool = True
    _engine: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.pattern.strip():
            raise EvaluatorRefused("Type a pattern to look for.")
        try:
            object.__setattr__(self, "_engine", compiled(self.pattern))
        except RuleRefused as error:
            raise EvaluatorRefused(str(error)) from error

    def judge(self, case: Case) -> Outcome:
        match = self._engine.search(case.output[:WINDOW_CHARS])
        why = f"Matched «{match.group()[:80]}»." if match else "Nothing in the answer matches the pattern."
        return yes_or_no((match is not None) == self.must_match, why)


@dataclass(frozen=True, slots=True)
class Length:
    """The answer has at least and at most so many words; 0 for no limit."""

    fewest: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        if self.fewest < 0 or self.most < 0 or not (self.fewest or self.most):
            raise EvaluatorRefused("Say how many words an answer has at least, or at most.")
        if self.most and self.fewest > self.most:
            raise EvaluatorRefused("An answer cannot have at least more words than at most. Swap the two numbers.")

    def judge(self, case: Case) -> Outcome:
        count = len(case.output.split())
        fits = count >= self.fewest and (not self.most or count <= self.most)
        return yes_or_no(fits, f"The answer has {count:,} words.")


@dataclass(frozen=True, slots=True)
class Citation:
    """The answer names a source: a number in brackets, a name with a year, or a web address."""

    def judge(self, case: Case) -> Outcome:
        match = _CITATION.search(case.output[:WINDOW_CHARS])
        return yes_or_no(match is not None, "The answer names a source." if match else "The answer names no source.")


@dataclass(frozen=True, slots=True)
class Similar:
    """The answer has enough in common with the expected one, by one of the measures of `overlap`."""

    measure: Callable[[str, str], float]
    at_least: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.at_least <= 1:
            raise EvaluatorRefused("How much must be in common is a number above 0 and up to 1, such as 0.5.")

    def judge(self, case: Case) -> Outcome:
        value = self.measure(case.output, case.demand_expected())
        return Outcome(value, value >= self.at_least, f"{value:.0%} in common with the expected answer.")


def _named(nothing: str, something: str, texts: list[str]) -> str:
    if not texts:
        return f"{nothing}."
    return f"{something}: {', '.join(f'«{text[:60]}»' for text in texts[:5])}."
