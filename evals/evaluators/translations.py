"""The two usual measures of translations, from 0 to 1, as sacreBLEU computes them for one sentence."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_CHRF_ORDER = 6
# Recall counts so many times as much as precision.
_CHRF_BETA = 2
_BLEU_ORDER = 4
_MOST_CHARS = 100_000

# The tokens of mteval-v13a, by which published values are made.
_ENTITIES = (("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SPLITS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "), (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"), (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)  # fmt: skip


def chrf(answer: str, expected: str) -> float:
    """Return the F-score of shared sequences of one to six characters (chrF2, Popović 2015)."""
    ours, theirs = ("".join(text[:_MOST_CHARS].split()) for text in (answer, expected))
    if ours == theirs:
        return 1.0
    precision = recall = 0.0
    orders = 0
    for length in range(1, _CHRF_ORDER + 1):
        mine, wanted = _counts(ours, length), _counts(theirs, length)
        if mine and wanted:
            shared = (mine & wanted).total()
            precision += shared / mine.total()
            recall += shared / wanted.total()
            orders += 1
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    factor = _CHRF_BETA**2
    return (1 + factor) * precision * recall / (factor * precision + recall)


def bleu(answer: str, expected: str) -> float:
    """Return the smoothed BLEU of one sentence (Papineni et al. 2002; exponential smoothing, effective order)."""
    ours, theirs = tokens(answer), tokens(expected)
    if not ours or not theirs:
        return 1.0 if ours == theirs else 0.0
    logs: list[float] = []
    smoothing = 1.0
    for length in range(1, min(_BLEU_ORDER, len(ours)) + 1):
        mine, wanted = _counts(ours, length), _counts(theirs, length)
        shared = (mine & wanted).total()
        if not shared:
            smoothing *= 2
            logs.append(math.log(1 / (smoothing * mine.total())))
        else:
            logs.append(math.log(shared / mine.total()))
    if smoothing == 2.0 ** len(logs):
        # Not one word in common: smoothing would give that a score.
        return 0.0
    brevity = 1.0 if len(ours) >= len(theirs) else math.exp(1 - len(theirs) / len(ours))
    return min(1.0, brevity * math.exp(sum(logs) / len(logs)))


def tokens(text: str) -> list[str]:
    """Return the tokens of a text as mteval-v13a cuts them."""
    found = text[:_MOST_CHARS].rstrip()
    for old, new in _ENTITIES:
        found = found.replace(old, new)
    found = f" {found} "
    for pattern, parts in _SPLITS:
        found = pattern.sub(parts, found)
    return found.split()


def _counts(sequence: str | Sequence[str], length: int) -> Counter[str | tuple[str, ...]]:
    places = range(len(sequence) - length + 1)
    if isinstance(sequence, str):
        return Counter(sequence[place : place + length] for place in places)
    return Counter(tuple(sequence[place : place + length]) for place in places)
