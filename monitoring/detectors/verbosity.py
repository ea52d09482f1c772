"""Answers that are much longer than their prompt usually gives, and answers that repeat themselves."""

from __future__ import annotations

import math
import statistics
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.detectors import texts
from monitoring.detectors.findings import NOTHING, Evidence, Finding, in_order

FEWEST_TO_COMPARE = 50
# A robust z of 3 flags about one call in a thousand of a prompt whose answers vary like a lognormal.
_LONG_Z = 3.0
# The scale that a standard deviation has when only the median of deviations is known.
_TO_SIGMA = 1.4826
# Prompts that always answer alike have no spread; a tenth more is still no news.
_LEAST_SPREAD = 0.1
_REPEATED_RATIO = 0.25
# Short texts compress badly whatever they say, and lists of few words compress well.
_FEWEST_CHARS_TO_COMPRESS = 400
_FEWEST_REPEATS = 4


@dataclass(frozen=True, slots=True)
class LengthBaseline:
    """How long answers of one prompt and model usually are, as logarithms of output tokens."""

    median: float
    spread: float


def length_baseline(output_tokens: Sequence[int]) -> LengthBaseline | None:
    """Return what is usual among these answers; None when there are too few to say."""
    logs = [math.log(count) for count in output_tokens if count > 0]
    if len(logs) < FEWEST_TO_COMPARE:
        return None
    median = statistics.median(logs)
    deviation = statistics.median(abs(value - median) for value in logs)
    return LengthBaseline(median, max(_TO_SIGMA * deviation, _LEAST_SPREAD))


def long_winded(output: str, output_tokens: int, usual: LengthBaseline | None) -> Finding:
    """Tell whether an answer is far longer than usual; nothing is long when there is nothing to compare with."""
    if usual is None or output_tokens < 1:
        return NOTHING
    z = (math.log(output_tokens) - usual.median) / usual.spread
    probability = _steep(z - _LONG_Z)
    if z <= _LONG_Z:
        return Finding(probability, is_flagged=False)
    times = output_tokens / math.exp(usual.median)
    length = min(len(output), texts.MOST_CHARS)
    return Finding(
        probability, is_flagged=True, evidence=(Evidence(0, length, f"is {times:.1f} times as long as usual"),)
    )


def repetition(output: str) -> Finding:
    """Tell whether an answer goes round in circles: it compresses far better than language does, or says a line again and again."""
    text = output[: texts.MOST_CHARS]
    places = texts.sentences(text)
    seen: dict[str, list[tuple[int, int]]] = {}
    for start, end in places:
        seen.setdefault(" ".join(texts.words(text[start:end])), []).append((start, end))
    repeated = [spans for said, spans in seen.items() if len(spans) >= _FEWEST_REPEATS and len(said) >= 12]
    share = sum(end - start for spans in repeated for start, end in spans) / max(len(text.strip()), 1)
    ratio = _ratio(text)
    probability = max(_steep(12 * (share - 0.4)), _steep(20 * (_REPEATED_RATIO - ratio)))
    is_flagged = ratio < _REPEATED_RATIO or share > 0.4
    evidence = [Evidence(*span, "says the same again") for spans in repeated for span in spans[1:]]
    if is_flagged and not evidence:
        evidence = [Evidence(0, len(text), "repeats itself")]
    return Finding(probability, is_flagged, in_order(evidence) if is_flagged else ())


def _ratio(text: str) -> float:
    if len(text) < _FEWEST_CHARS_TO_COMPRESS:
        return 1.0
    raw = text.encode("utf-8", "replace")
    return len(zlib.compress(raw, 6)) / len(raw)


def _steep(value: float) -> float:
    return 1 / (1 + math.exp(-max(min(2 * value, 50.0), -50.0)))
