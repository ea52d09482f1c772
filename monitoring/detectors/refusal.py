"""Answers that refuse, refuse in part or dodge: from what the provider says first, then from turns of phrase in 15 languages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from monitoring.detectors import (
    claims,
    latin_refusal_phrases,
    models,
    more_latin_refusal_phrases,
    nearness,
    other_script_refusal_phrases,
    texts,
)
from monitoring.detectors.findings import Evidence, Finding, in_order
from monitoring.detectors.models import LinearModel
from monitoring.detectors.refusal_phrases import ENGLISH, Phrase

# Who refuses does so at the beginning, or hangs the offer of something else on the end.
_HEAD_CHARS, _LOOKED_AT_CHARS, _TAIL_CHARS = 400, 1_400, 300
_FILTERED = frozenset({
    "content_filter", "contentfilter", "refusal", "safety", "guardrail_intervened", "prohibited_content", "blocklist",
    "spii", "recitation", "moderation", "blocked",
})  # fmt: skip
# How quickly words, and the sense of all of them, are believed beside turns of phrase; chosen so that all are heard.
_WORDS_LOUDNESS, _SENSE_LOUDNESS, _FEW_WORDS = 8, 4, 10
_LATIN = (
    ENGLISH, latin_refusal_phrases.SPANISH, latin_refusal_phrases.FRENCH, latin_refusal_phrases.GERMAN, latin_refusal_phrases.PORTUGUESE,
    latin_refusal_phrases.ITALIAN, more_latin_refusal_phrases.DUTCH, more_latin_refusal_phrases.POLISH, more_latin_refusal_phrases.TURKISH,
)  # fmt: skip
_SCRIPTS = {
    "[\u3040-\u30ff]": other_script_refusal_phrases.JAPANESE,
    "[\u4e00-\u9fff]": other_script_refusal_phrases.CHINESE,
    "[\uac00-\ud7af]": other_script_refusal_phrases.KOREAN,
    "[\u0600-\u06ff]": other_script_refusal_phrases.ARABIC,
    "[\u0400-\u04ff]": other_script_refusal_phrases.RUSSIAN,
    "[\u0900-\u097f]": other_script_refusal_phrases.HINDI,
}
_SPEAKS_AGAINST = frozenset({Phrase.HELPS, Phrase.STILL_HELPS, Phrase.IMPORTANT, Phrase.OFFER_ELSE})
_LIST = re.compile(r"^\s{0,8}(?:\d{1,3}[.)]|[-*•])\s", re.MULTILINE)
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Signs:
    """What of a refusal stands in an answer, and where."""

    features: Mapping[str, float]
    places: list[tuple[Phrase, int, int]] = field(default_factory=list)


def score(
    output: str,
    *,
    finish_reason: str = "",
    refusal: str = "",
    calls_tools: bool = False,
    model: LinearModel | None = None,
) -> Finding:
    """Tell how likely the answer refuses or dodges.

    `finish_reason` and `refusal` are the provider's own fields; what they say is certain. An answer without any text counts
    as refused unless it calls tools.
    """
    if refusal.strip() or finish_reason.strip().lower() in _FILTERED:
        why = "the provider refused" if refusal.strip() else "the provider's filter stopped the answer"
        return Finding(0.99, is_flagged=True, evidence=(Evidence(0, len(texts.plain(output)), why),) if output else ())
    if not output.strip():
        return Finding(0.0, is_flagged=False) if calls_tools else Finding(0.9, is_flagged=True)
    model = model or models.load("refusal")
    found = signs(output)
    probability = model.probability(found.features)
    return Finding(probability, probability >= model.threshold, _evidence(found.places))


def signs(output: str) -> Signs:
    """Return the turns of phrase in an answer, by what they do and where they stand, and the words it begins with."""
    text = texts.without_quotes(texts.folded(texts.plain(output)))
    start = len(text) - len(text.lstrip())
    looked_at = text[start : start + _LOOKED_AT_CHARS]
    first = _end_of_first_sentence(looked_at)
    places: list[tuple[Phrase, int, int]] = []
    features: dict[str, float] = {}
    for phrase, pattern in _patterns(_script(looked_at)).items():
        for match in pattern.finditer(looked_at):
            begin, end = match.span()
            places.append((phrase, start + begin, start + end))
            if begin < first:
                features[f"first:{phrase.name}"] = 1.0
            features[f"{'head' if begin < _HEAD_CHARS else 'later'}:{phrase.name}"] = 1.0
    _add_shape(features, text, places, start)
    _add_words(features, looked_at[:_HEAD_CHARS])
    return Signs(features, places)


def _add_shape(features: dict[str, float], text: str, places: list[tuple[Phrase, int, int]], start: int) -> None:
    letters = len(text.strip()) + 1.5 * len(_DENSE.findall(text[:4_000]))
    features["length"] = min(math.log1p(letters), 9.0) - 5.5
    features["short"] = float(letters < 160)
    features["long"] = float(letters > 900)
    features["lists"] = float(len(_LIST.findall(text[:8_000])) >= 3)
    features["code"] = float("```" in text)
    told = {phrase for phrase, begin, _ in places if begin - start < _HEAD_CHARS} - _SPEAKS_AGAINST
    features["kinds"] = min(len(told), 6) / 2
    for one, other in _TOGETHER:
        if one in told and other in told:
            features[f"{one.name}+{other.name}"] = 1.0


_TOGETHER = (
    (Phrase.APOLOGY, Phrase.CANNOT), (Phrase.APOLOGY, Phrase.NO_ACCESS), (Phrase.AS_AN_AI, Phrase.CANNOT),
    (Phrase.AS_AN_AI, Phrase.NO_OPINION), (Phrase.NO_OPINION, Phrase.DEPENDS), (Phrase.CANNOT, Phrase.HARM),
    (Phrase.NOT_PROPER, Phrase.HARM), (Phrase.NO_ACCESS, Phrase.REDIRECT), (Phrase.NO_ACCESS, Phrase.OFFER_ELSE),
    (Phrase.UNWILLING, Phrase.HARM),
)  # fmt: skip


def _add_words(features: dict[str, float], head: str) -> None:
    words = texts.words(head)
    for gram, share in models.word_grams(words, 3).items():
        features[f"words:{gram}"] = _WORDS_LOUDNESS * share
    # What the words mean together goes on where a turn of phrase was never seen; of a few words it says little.
    telling = [word for word in words if claims.says_something(word)]
    loudness = _SENSE_LOUDNESS * len(telling) / (len(telling) + _FEW_WORDS)
    for number, value in enumerate(nearness.mean_sense(telling)):
        features[f"sense {number}"] = loudness * value


def _end_of_first_sentence(text: str) -> int:
    for _, end in texts.sentences(text):
        if end > 15:
            return end
    return len(text)


def _script(text: str) -> str:
    for letters in _SCRIPTS:
        if re.search(letters, text):
            return letters
    return ""


@cache
def _patterns(script: str) -> dict[Phrase, Any]:
    tables = (*_LATIN, _SCRIPTS[script]) if script else _LATIN
    joined = {}
    for phrase in Phrase:
        sources = [source for table in tables for source in table.get(phrase, ())]
        joined[phrase] = texts.pattern("|".join(f"(?:{source})" for source in sources))
    return joined


def _evidence(places: list[tuple[Phrase, int, int]]) -> tuple[Evidence, ...]:
    return in_order(
        [Evidence(start, end, phrase.value) for phrase, start, end in places if phrase not in _SPEAKS_AGAINST]
    )
