"""Groups of similar calls, and words that name them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.coverage.coverage import Vectors

_MOST_GROUPS, _FEWEST_GROUPS = 40, 4
_ROUNDS = 30
_WORD = re.compile(r"[^\W\d_]{3,30}")
_WORDS = 3
# A word of one or two calls may be somebody's name.
_FEWEST_WITH_WORD = 3


def grouped(vectors: Vectors, *, count: int = 0, seed: int = 0) -> NDArray[np.int64]:
    """Return the number of the group of each vector: k-means on directions; the same input always answers the same."""
    usual = max(_FEWEST_GROUPS, min(_MOST_GROUPS, round(math.sqrt(len(vectors)) / 2)))
    count = min(count or usual, len(vectors))
    generator = np.random.default_rng(seed)
    centres = _spread(vectors, count, generator)
    labels = np.zeros(len(vectors), dtype=np.int64)
    for _ in range(_ROUNDS):
        found = (vectors @ centres.T).argmax(axis=1)
        if (found == labels).all():
            break
        labels = found
        centres = _centres(vectors, labels, centres)
    return labels


def _spread(vectors: Vectors, count: int, generator: np.random.Generator) -> Vectors:
    """Return first centres far from each other (k-means++)."""
    chosen = [int(generator.integers(len(vectors)))]
    distance = 1 - vectors @ vectors[chosen[0]]
    for _ in range(count - 1):
        odds = np.maximum(distance, 0).astype(np.float64)
        total = odds.sum()
        place = int(generator.choice(len(vectors), p=odds / total)) if total > 0 else chosen[0]
        chosen.append(place)
        distance = np.minimum(distance, 1 - vectors @ vectors[place])
    return vectors[chosen]


def _centres(vectors: Vectors, labels: NDArray[np.int64], before: Vectors) -> Vectors:
    sums = np.zeros_like(before)
    np.add.at(sums, labels, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A group that lost everybody stays where it was.
    return np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), before).astype(np.float32)


def names_of(texts: Sequence[str], labels: NDArray[np.int64]) -> dict[int, str]:
    """Return for each group the words that are frequent in it and rare elsewhere, such as «refund, order, days»."""
    overall: Counter[str] = Counter()
    inside: dict[int, Counter[str]] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        words = set(_WORD.findall(text.lower()))
        overall.update(words)
        inside.setdefault(label, Counter()).update(words)
    sizes = Counter(labels.tolist())
    return {label: _name(counts, overall, sizes[label], len(texts)) for label, counts in inside.items()}


def _name(counts: Counter[str], overall: Counter[str], size: int, total: int) -> str:
    def telling(word: str) -> float:
        share = counts[word] / size
        return share * math.log(share / (overall[word] / total))

    known = [word for word, count in counts.items() if count >= _FEWEST_WITH_WORD]
    best = sorted(known, key=lambda word: (-telling(word), word))[:_WORDS]
    return ", ".join(word for word in best if telling(word) > 0)
