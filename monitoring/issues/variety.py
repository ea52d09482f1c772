"""Chooses few texts that differ, and groups texts that say the same. Pure, over vectors of length one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Comments are short: those that say the same are about so near to one another.
NEAR = 0.5
_WORD = re.compile(r"[^\W\d_]{3,}")
_SMALL_WORDS = frozenset(
    """the and for you your are was were not but this that with have has had can cannot could would should will just very really
    too its it's they them what when why how who did does doing don didn isn wasn from about into out all any some there here
    get got been being more than then also only even still ich und der die das nicht ist ein eine mir les des est pas une que
    los las por para con una""".split()
)


def furthest_first(vectors: Vectors, *, most: int) -> list[int]:
    """Return the places of texts that differ as much as possible, beginning with the most typical one."""
    if not len(vectors):
        return []
    chosen = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < min(most, len(vectors)):
        nearest[chosen] = np.inf
        following = int(np.argmin(nearest))
        chosen.append(following)
        nearest = np.maximum(nearest, vectors @ vectors[following])
    return chosen


def groups(vectors: Vectors) -> list[list[int]]:
    """Return the places of texts that say the same, the largest group first, in each the most typical text first."""
    leaders: list[int] = []
    members: list[list[int]] = []
    for place, vector in enumerate(vectors):
        likeness = vectors[leaders] @ vector if leaders else np.empty(0)
        if len(likeness) and likeness.max() >= NEAR:
            members[int(likeness.argmax())].append(place)
        else:
            leaders.append(place)
            members.append([place])
    return sorted((_typical_first(vectors, group) for group in members), key=lambda group: -len(group))


def telling_words(texts: Sequence[str], *, beside: Sequence[str], most: int) -> list[str]:
    """Return the words that many of the texts have and few of the others do, the most telling first."""
    own, others = _texts_with(texts), _texts_with(beside)
    weight = {
        word: count / len(texts) * math.log(1 + (1 + len(beside)) / (1 + others[word])) for word, count in own.items()
    }
    fewest = 2 if len(texts) > 2 else 1
    found = [word for word in weight if own[word] >= fewest]
    return sorted(found, key=lambda word: (-weight[word], word))[:most]


def _texts_with(texts: Sequence[str]) -> Counter[str]:
    return Counter(
        word for text in texts for word in set(_WORD.findall(text.casefold())) if word not in _SMALL_WORDS
    )  # fmt: skip


def _typical_first(vectors: Vectors, group: list[int]) -> list[int]:
    middle = vectors[group].mean(axis=0)
    return sorted(group, key=lambda place: (-float(vectors[place] @ middle), place))
