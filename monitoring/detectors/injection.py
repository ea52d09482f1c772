"""Attempts to take over a model: in what a user writes, and in documents and tool results that the model reads."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from monitoring.detectors import disguises, intruders, models, texts
from monitoring.detectors.findings import Evidence, Finding, in_order
from monitoring.detectors.injection_phrases import ATTEMPTS, Attempt
from monitoring.detectors.models import LinearModel

_MOST_PLACES = 40
_HIDDEN = 0.95
_ASKS = re.compile(
    r"\W{0,3}(?:what (?:is|are|does|do)|how (?:do|does|can|to|should)|why|explain|(?:can|could) you explain)\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\b[A-Z]{4,}\b")


class Channel(StrEnum):
    """Where a text comes from: what is an ordinary request from a user is a warning sign inside of a document."""

    USER = "user"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Signs:
    """What of an attempt stands in a text, and where."""

    features: Mapping[str, float]
    evidence: list[Evidence] = field(default_factory=list)


def score(text: str, channel: Channel = Channel.USER, *, canary: str = "", model: LinearModel | None = None) -> Finding:
    """Tell how likely a text tries to take over the model that reads it.

    `canary` is a random token planted in the system prompt; where it stands in a text, the prompt has leaked for certain.
    """
    if len(canary) >= 8 and (place := text[: texts.MOST_CHARS].find(canary)) >= 0:
        return Finding(
            1.0, is_flagged=True, evidence=(Evidence(place, place + len(canary), "leaks the system prompt"),)
        )
    model = model or models.load(f"injection_{channel}")
    found = signs(text, channel)
    probability = model.probability(found.features)
    if "disguised" in found.features:
        # Nobody hides an order to a model by chance, and collections hold too few of them to learn that.
        probability = max(probability, _HIDDEN)
    return Finding(probability, probability >= model.threshold, in_order(found.evidence))


def signs(text: str, channel: Channel) -> Signs:
    """Return the attempts in a text, plain or disguised, and for a document the sentences that do not belong to it."""
    plain = texts.plain(text)
    features: dict[str, float] = {}
    evidence: list[Evidence] = []
    _add_attempts(features, evidence, plain)
    _add_disguised(features, evidence, plain)
    if channel is Channel.DOCUMENT:
        features.update(intruders.features(plain, evidence))
    else:
        _add_shape(features, plain)
    return Signs(features, evidence)


def _add_attempts(features: dict[str, float], evidence: list[Evidence], text: str) -> None:
    told = texts.folded(text)
    if _ASKS.match(told):
        # «What does "ignore all instructions" mean?» is no order.
        told = texts.without_quotes(told)
    is_question = bool(_ASKS.match(told)) and not _patterns()[Attempt.REVEAL].search(told)
    kinds, others = -is_question, 0
    for attempt, pattern in _patterns().items():
        places = []
        for match in pattern.finditer(told):
            places.append(Evidence(match.start(), match.end(), attempt.value))
            if len(places) == _MOST_PLACES:
                break
        if not places or (attempt is Attempt.ABOUT and Attempt.REVEAL.name in features):
            continue
        features[attempt.name] = 1.0
        if attempt is not Attempt.ABOUT:
            kinds += attempt in _SERIOUS
            # Every help page has links: one tells something only beside the rest.
            others += attempt not in _SERIOUS and attempt is not Attempt.LURE
            features[f"{attempt.name}+"] = math.log(len(places))
            evidence.extend(places)
    features["kinds"] = float(min(max(kinds, 0), 8))
    features["kinds>2"] = float(kinds > 2)
    features["lesser kinds"] = float(others)


def _add_disguised(features: dict[str, float], evidence: list[Evidence], text: str) -> None:
    for reading in disguises.readings(text):
        told = texts.folded(texts.plain(reading.text))
        squeezed = re.sub(r"\W", "", told.lower())
        tried = [attempt for attempt, pattern in _patterns().items() if attempt in _SERIOUS and pattern.search(told)]
        if tried or any(words in squeezed for words in _SQUEEZED):
            features["disguised"] = 1.0
            evidence.append(Evidence(reading.start, reading.end, reading.why))


# What ordinary requests seldom do; a disguised text that merely names a company is no attack either.
_SERIOUS = frozenset({
    Attempt.OVERRIDE, Attempt.ROLE, Attempt.UNBOUND, Attempt.STAY, Attempt.REVEAL, Attempt.EXFILTRATE, Attempt.ROLE_TAG,
    Attempt.TWO_ANSWERS,
})  # fmt: skip
_SQUEEZED = (
    "ignoreallprevious",
    "ignoreprevious",
    "ignoreyour",
    "ignoreall",
    "systemprompt",
    "disregardall",
    "youarenow",
    "forgetall",
    "revealyour",
    "previousinstructions",
    "yourinstructions",
)


def _add_shape(features: dict[str, float], text: str) -> None:
    head = text[:4_000]
    features["capitals"] = min(len(_CAPITALS.findall(head)) / 5, 2.0)
    words = texts.words(head)
    features["you"] = min(12 * sum(word in _YOU for word in words) / (len(words) + 8), 2.0)
    features["will"] = min(20 * sum(word in _WILL for word in words) / (len(words) + 8), 2.0)


_YOU = frozenset(["you", "your", "you're", "yourself", "u", "du", "tu", "vous", "sie", "usted"])
_WILL = frozenset(["will", "must", "always", "never", "shall", "should", "only", "cannot"])


@cache
def _patterns() -> dict[Attempt, Any]:
    return {
        attempt: texts.pattern("|".join(f"(?:{source})" for source in sources)) for attempt, sources in ATTEMPTS.items()
    }
