"""Users who complain about the answer before: in their follow-up messages, from turns of phrase in six languages."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from monitoring.detectors import texts
from monitoring.detectors.findings import NOTHING, Evidence, Finding, in_order
from monitoring.detectors.frustration_phrases import COMPLAINTS, STRONG, Complaint

# Who complains does so at once; what follows may be a pasted document.
_LOOKED_AT_CHARS = 1_200
_SHORT_CHARS, _LONG_CHARS = 160, 500
_SHOUTED = re.compile(r"(?:\b[A-Z]{3,}\b[^a-z]{0,4}){3,}")
_MARKS = re.compile(r"[!?]{3,}")
_STRONG, _WEAK, _LOUD, _MORE = 0.75, 0.4, 0.3, 0.15


def score(message: str) -> Finding:
    """Tell how likely a follow-up message complains about what was answered before."""
    text = texts.folded(texts.without_quotes(texts.plain(message[:_LOOKED_AT_CHARS])))
    found = [
        (complaint, match.span()) for complaint, pattern in _patterns().items() for match in pattern.finditer(text)
    ]
    loud = [match.span() for match in (*_SHOUTED.finditer(text), *_MARKS.finditer(text))]
    if not found and not loud:
        return NOTHING
    probability = _probability({complaint for complaint, _ in found}, is_loud=bool(loud), length=len(message))
    evidence = [Evidence(start, end, complaint.value) for complaint, (start, end) in found]
    evidence += [Evidence(start, end, "shouts") for start, end in loud]
    return Finding(probability, probability >= 0.5, in_order(evidence))


def _probability(kinds: set[Complaint], *, is_loud: bool, length: int) -> float:
    value = _LOUD * is_loud
    if kinds:
        value += (_STRONG if kinds & STRONG else _WEAK) + _MORE * (len(kinds) - 1)
        # A short message that only says «that is wrong» is about the answer; a long one may be about anything.
        value += _MORE * (length < _SHORT_CHARS)
    return min(value, 0.98) * (1.0 if length < _LONG_CHARS else 0.6)


@cache
def _patterns() -> dict[Complaint, Any]:
    return {
        complaint: texts.pattern("|".join(f"(?:{source})" for source in sources))
        for complaint, sources in COMPLAINTS.items()
    }
