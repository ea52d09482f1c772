"""The embedding of this machine: what a whole text means, and beside it what its words say one by one.

The model knows English best and finds what is meant whatever the words are. The words tell apart what it takes for one, and go
on where it knows the language badly. Together they group questions better than either does (`callboard bench embeddings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from monitoring.embeddings import apart, memory, sentence_model, word_pieces

_OF_WORDS = 128
DIMENSIONS = sentence_model.DIMENSIONS + _OF_WORDS
# Half as loud as the sense of the whole.
_WORDS_LOUDNESS = 0.5
_AT_ONCE = 256
_is_apart = False


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each text, in their order; their dot products say how alike the texts are."""
    make = partial(apart.embed, dimensions=DIMENSIONS) if _is_apart else made_here
    return memory.vectors(texts, space=version(), dimensions=DIMENSIONS, embed=make, at_once=_AT_ONCE)


def work_apart() -> None:
    """From now on never load the models into this process."""
    global _is_apart
    _is_apart = True


@cache
def version() -> str:
    """Return what is stored with every vector: only vectors of the same version may be compared."""
    return f"MiniLM-L6-v2 words {DIMENSIONS} 1" if sentence_model.is_there() else word_pieces.version()


def forget() -> None:
    """Look anew whether the weights are there, as a new process does."""
    sentence_model.is_there.cache_clear()
    version.cache_clear()


def made_here(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors, made by this very process."""
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
