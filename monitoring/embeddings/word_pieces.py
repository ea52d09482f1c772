"""What the words of a text say one by one: the mean of the vectors of the pieces that they fall into.

The vectors and the rules for the pieces are files inside the wordllama package. Its own code is not used: it asks a model
hub for files that it carries itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitoring.embeddings import tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DIMENSIONS = 256
_PACKAGE = "wordllama"
_VECTORS, _PIECES = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
# What comes after this says the same or something else; either way the beginning tells what a text is about.
_MOST_CHARS, _MOST_PIECES = 8_000, 512
_AT_ONCE = 256


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each text, in their order; the first half of each, made a unit vector, is nearly as good."""
    if not texts:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    return np.vstack([_embedded(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)])


@cache
def version() -> str:
    """Return which vectors these are."""
    return f"wordllama {metadata.version(_PACKAGE)} l2 {DIMENSIONS}"


def _embedded(texts: Sequence[str]) -> NDArray[np.float32]:
    pieces = [_pieces(text) for text in texts]
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    # A text without a piece is like no other: a direction of its own.
    found[:, 0] = 1
    filled = [row for row, ids in enumerate(pieces) if ids]
    if filled:
        starts = np.cumsum([0, *(len(pieces[row]) for row in filled[:-1])])
        ids = np.concatenate([pieces[row] for row in filled])
        found[filled] = np.add.reduceat(_vectors()[ids].astype(np.float32), starts, axis=0)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: NDArray[np.float32] = found / np.maximum(lengths, np.float32(1e-12))
    return unit


def _pieces(text: str) -> list[int]:
    # Half of a surrogate pair cannot be sent to the tokenizer.
    whole = text[:_MOST_CHARS].encode("utf-8", "replace").decode()
    ids: list[int] = _tokenizer().encode(whole, add_special_tokens=False).ids
    return ids[:_MOST_PIECES]


# Loaded when the first text comes: processes that embed nothing pay nothing.
@cache
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(_directory() / _PIECES))
    found.no_padding()
    found.no_truncation()
    return found


@cache
def _vectors() -> NDArray[np.floating]:
    return tensors.mapped(_directory() / _VECTORS)["embedding.weight"]


def _directory() -> Path:
    found = tensors.directory_of(_PACKAGE)
    if found is None:
        raise ModuleNotFoundError(f"The package {_PACKAGE} is missing. Install Callboard's requirements again.")
    return found
