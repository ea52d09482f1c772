"""Texts that insult people or attack groups of people: from the words used, and from what is done with them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from monitoring.detectors import claims, models, nearness, texts
from monitoring.detectors.findings import Evidence, Finding, in_order
from monitoring.detectors.models import LinearModel
from monitoring.detectors.toxicity_phrases import ATTACKS, Attack

# Rude enough on its own to be shown as evidence.
_VERY_RUDE = 3.0
_LOOKED_AT_CHARS, _MOST_WORDS = 8_000, 600
# How quickly single words and the sense of all of them are believed beside turns of phrase.
_WORDS_LOUDNESS, _SENSE_LOUDNESS = 4, 3
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SHOUT = re.compile(r"\b[A-Z]{3,}\b")
_LEET = str.maketrans("013457@$!", "oieastasi")
_MIXED = re.compile(r"\b(?=\w*[a-z])[a-z]*[013457@$!]+[a-z@$!]*", re.IGNORECASE)
_REPEATED = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)
_YOU = frozenset(["you", "u", "ur", "your", "you're", "youre", "yourself", "yall", "y'all"])


@dataclass(frozen=True, slots=True)
class Signs:
    """What of an attack stands in a text, and where."""

    features: Mapping[str, float]
    evidence: list[Evidence] = field(default_factory=list)


def score(text: str, *, moderation: Mapping[str, bool] | None = None, model: LinearModel | None = None) -> Finding:
    """Tell how likely a text is hateful or insulting.

    `moderation` are the categories of the provider's own moderation, which saw more than we can: hate and harassment decide.
    """
    if moderation and any(on and name.split("/")[0] in _CATEGORIES for name, on in moderation.items()):
        return Finding(
            0.97, is_flagged=True, evidence=(Evidence(0, len(texts.plain(text)), "the provider's moderation says so"),)
        )
    model = model or models.load("toxicity")
    found = signs(text)
    probability = model.probability(found.features)
    return Finding(probability, probability >= model.threshold, in_order(found.evidence))


_CATEGORIES = frozenset(["hate", "harassment", "hate_and_discrimination", "insult", "toxicity", "HATE", "INSULTS"])


def signs(text: str) -> Signs:
    """Return the attacks in a text and how rude its words are."""
    plain = texts.folded(texts.plain(text)[:_LOOKED_AT_CHARS])
    features: dict[str, float] = {}
    evidence: list[Evidence] = []
    counts: dict[Attack, int] = {}
    for attack, pattern in _patterns().items():
        places = [match.span() for match in pattern.finditer(plain)]
        if places:
            counts[attack] = len(places)
            features[attack.name] = 1.0
            features[f"{attack.name}+"] = min(math.log(len(places)), 2.0)
        if attack not in _NO_ATTACKS:
            evidence += [Evidence(start, end, attack.value) for start, end in places[:20]]
    _add_pairs(features, counts)
    _add_words(features, evidence, plain)
    return Signs(features, evidence)


_NO_ATTACKS = frozenset([Attack.GROUP, Attack.ALL, Attack.REPORTS, Attack.DEFENDS])


def _add_pairs(features: dict[str, float], counts: Mapping[Attack, int]) -> None:
    for group in (Attack.GROUP, Attack.ALL):
        for deed in (Attack.INSULT, Attack.SLUR, Attack.SCORN, Attack.WISH, Attack.HATE, Attack.SUPREMACY):
            if group in counts and deed in counts:
                features[f"{group.name} and {deed.name}"] = 1.0
    features["kinds"] = min(len(counts.keys() - {Attack.GROUP, Attack.REPORTS, Attack.DEFENDS}), 6) / 3


def _add_words(features: dict[str, float], evidence: list[Evidence], text: str) -> None:
    # «n1gger» and «fuuuuck» are read as what they are; both keep the length or are only counted.
    spelt = _MIXED.sub(lambda match: match.group().translate(_LEET), text).lower()
    rude = _rude_words()
    said = list(_WORD.finditer(spelt))
    worth = [rude.get(match.group()) or rude.get(_REPEATED.sub(r"\1", match.group()), 0.0) for match in said]
    worst = sorted((value for value in worth if value > 0), reverse=True)
    words = len(said) + 1
    features["rudest word"] = worst[0] / 5 if worst else 0.0
    features["three rudest words"] = sum(worst[:3]) / 12
    features["rude for its length"] = max(min(sum(worth) / math.sqrt(words) / 3, 3.0), -2.0)
    features["share of rude words"] = min(8 * sum(value > 1 for value in worth) / words, 2.0)
    you = sum(match.group() in _YOU for match in said)
    features["you"] = min(10 * you / (words + 5), 2.0)
    features["rude to you"] = features["you"] * min(features["three rudest words"], 2.0)
    features["rude about a group"] = features.get("GROUP", 0.0) * min(features["three rudest words"], 2.0)
    features["shouts"] = min(len(_SHOUT.findall(text)) / 6, 1.5)
    features["length"] = min(max(math.log1p(len(text)), 4.5), 9.0) - 5.5
    evidence += _rude_places(said, worth)
    spoken = [match.group() for match in said[:_MOST_WORDS]]
    for word, share in models.word_grams(spoken, 1).items():
        features[f"words:{word}"] = _WORDS_LOUDNESS * share
    for number, value in enumerate(nearness.mean_sense([word for word in spoken if claims.says_something(word)])):
        features[f"sense {number}"] = _SENSE_LOUDNESS * value


def _rude_places(said: Sequence[re.Match[str]], worth: Sequence[float]) -> list[Evidence]:
    return [
        Evidence(*match.span(), "is a rude word")
        for match, value in zip(said, worth, strict=True)
        if value >= _VERY_RUDE
    ][:20]


@cache
def _rude_words() -> Mapping[str, float]:
    path = Path(__file__).parent / "weights" / "rude_words.json"
    words: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))["words"]
    return words


@cache
def _patterns() -> dict[Attack, Any]:
    return {
        attack: texts.pattern("|".join(f"(?:{source})" for source in sources)) for attack, sources in ATTACKS.items()
    }
