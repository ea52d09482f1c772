"""How much an answer has in common with the expected one, from 0 (nothing) to 1 (the same)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq, Levenshtein

_WORD = re.compile(r"\w+")
# Beyond this many words the comparison would take seconds; the beginning is compared.
_MOST_WORDS = 20_000
_MOST_CHARS = 50_000


def words(text: str) -> list[str]:
    """Return the words of a text, without punctuation, capitals and differences of composition."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())[:_MOST_WORDS]


def token_f1(answer: str, expected: str) -> float:
    """Return the F1 of shared words, each counted as often as it stands in both (as in SQuAD)."""
    return _f1(words(answer), words(expected))


def rouge_n(answer: str, expected: str, *, n: int) -> float:
    """Return the F1 of shared sequences of `n` words (ROUGE-N, Lin 2004)."""
    return _f1(_grams(words(answer), n), _grams(words(expected), n))


def rouge_l(answer: str, expected: str) -> float:
    """Return the F1 of the longest common subsequence of words (ROUGE-L, Lin 2004)."""
    ours, theirs = words(answer), words(expected)
    return _harmonic(LCSseq.similarity(ours, theirs), len(ours), len(theirs))


def edit_similarity(answer: str, expected: str) -> float:
    """Return 1 minus the share of characters to insert, remove or replace (Levenshtein)."""
    return float(Levenshtein.normalized_similarity(answer[:_MOST_CHARS], expected[:_MOST_CHARS]))


def _grams(tokens: Sequence[str], n: int) -> list[str]:
    return [" ".join(tokens[place : place + n]) for place in range(len(tokens) - n + 1)]


def _f1(ours: Sequence[str], theirs: Sequence[str]) -> float:
    return _harmonic((Counter(ours) & Counter(theirs)).total(), len(ours), len(theirs))


def _harmonic(shared: int, ours: int, theirs: int) -> float:
    if ours == theirs == 0:
        return 1.0
    return 2 * shared / (ours + theirs)
