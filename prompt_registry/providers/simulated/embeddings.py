"""Embeddings without a model: texts that share words point in similar directions."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter

DIMENSIONS = 256
MAX_DIMENSIONS = 3_072

_WORD = re.compile(r"\w+")


def embed(text: str, *, dimensions: int = DIMENSIONS) -> list[float]:
    """Return a unit vector for the text, the same for the same text and dimensions."""
    vector = [0.0] * dimensions
    for feature, count in _features(text).items():
        number = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        weight = 1 + math.log(count)
        vector[number % dimensions] += weight if number >> 63 else -weight
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [value / length for value in vector] if length else [1.0, *vector[1:]]


def _features(text: str) -> Counter[str]:
    words = _WORD.findall(text.lower())
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    stems = [word[:5] for word in words if len(word) > 5]
    return Counter([*words, *stems, *pairs])
