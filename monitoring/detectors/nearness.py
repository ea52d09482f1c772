"""How near words are in meaning to those of a source, from small word vectors that stand beside this module."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors import claims
from monitoring.detectors.sources import Source

_VECTORS = Path(__file__).parent / "weights" / "words.npz"
_MOST_WORDS = 6_000


def to_source(words: Sequence[str], source: Source) -> list[float]:
    """Return for each word how near the nearest word of the source is, from 0 to 1; the same word is 1."""
    near = [1.0 if claims.stem(word) in source.stems else 0.0 for word in words]
    unknown = [place for place, value in enumerate(near) if value == 0]
    if not unknown:
        return near
    places, vectors = _table()
    there = np.array([places[word] for word in source.ordered_words[:_MOST_WORDS] if word in places], dtype=np.intp)
    for place in unknown:
        near[place] = _by_spelling(words[place], source)
    asked = [place for place in unknown if words[place] in places]
    if asked and len(there):
        similar = vectors[[places[words[place]] for place in asked]] @ vectors[there].T
        for place, value in zip(asked, similar.max(axis=1), strict=True):
            near[place] = max(near[place], min(max(float(value), 0.0), 1.0))
    return near


def mean_sense(words: Sequence[str]) -> list[float]:
    """Return the mean of the directions of the words that are known; nothing when none is."""
    places, vectors = _table()
    known = [places[word] for word in words if word in places]
    return [float(value) for value in vectors[known].mean(axis=0)] if known else []


@cache
def _table() -> tuple[dict[str, int], NDArray[np.float32]]:
    with np.load(_VECTORS, allow_pickle=False) as stored:
        words = str(stored["words"]).split(" ")
        vectors = stored["vectors"].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return {word: place for place, word in enumerate(words)}, vectors / np.maximum(lengths, 1e-6)


def _by_spelling(word: str, source: Source) -> float:
    """Other forms of a word begin alike: «explain» and «explanation»."""
    root = word[: max(5, int(len(word) * 0.6))]
    return (
        0.7
        if len(word) >= 5 and not word[0].isdigit() and any(other.startswith(root) for other in source.words)
        else 0.0
    )
