"""The embedding of this machine: what a whole text means, and beside it what its words say one by one.

The model knows English best and finds what is meant whatever the words are. The words tell apart what it takes for one, and go
on where it knows the language badly. Together they group questions better than either does (`callboard bench embeddings`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from monitoring.embeddings import sentence_model, word_pieces

_OF_WORDS = 128
DIMENSIONS = sentence_model.DIMENSIONS + _OF_WORDS
# Half as loud as the sense of the whole.
_WORDS_LOUDNESS = 0.5
# Documents and product names come again and again; a vector of a text takes two kilobytes.
_REMEMBERED = 2_048
_AT_ONCE = 256
_known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
_lock = threading.Lock()


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each text, in their order; their dot products say how alike the texts are."""
    if not texts:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    return np.vstack([_remembered(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)])


@cache
def version() -> str:
    """Return what is stored with every vector: only vectors of the same version may be compared."""
    return f"MiniLM-L6-v2 words {DIMENSIONS} 1" if sentence_model.is_there() else word_pieces.version()


def forget() -> None:
    """Start anew, as a new process does."""
    with _lock:
        _known.clear()
    sentence_model.is_there.cache_clear()
    version.cache_clear()


def _remembered(texts: Sequence[str]) -> NDArray[np.float32]:
    keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in texts]
    vectors = {key: vector for key in keys if (vector := _known.get(key)) is not None}
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
    if new:
        # Copies: a row by itself would keep the array of all rows alive.
        vectors |= {key: vector.copy() for key, vector in zip(new, _embedded(list(new.values())), strict=True)}
    with _lock:
        _remember(vectors)
    return np.stack([vectors[key] for key in keys])


def _remember(vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
    for key, vector in vectors.items():
        _known[key] = vector
        _known.move_to_end(key)
    while len(_known) > _REMEMBERED:
        _known.popitem(last=False)


def _embedded(texts: Sequence[str]) -> NDArray[np.float32]:
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    words = word_pieces.embed(texts)
    if not sentence_model.is_there():
        # What is left at zero changes no dot product: every version has the same width.
        found[:, : word_pieces.DIMENSIONS] = words
        return found
    found[:, : sentence_model.DIMENSIONS] = sentence_model.embed(texts)
    few = words[:, :_OF_WORDS]
    found[:, sentence_model.DIMENSIONS :] = _unit(few) * np.float32(_WORDS_LOUDNESS)
    return _unit(found)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit
