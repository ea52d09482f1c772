"""The embedding: the mean of the vectors of the pieces that the words of a text fall into.

The vectors and the rules for the pieces are files inside the wordllama package. Its own code is not used: it asks a model
hub for files that it carries itself.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DIMENSIONS = 256
_PACKAGE = "wordllama"
_VECTORS, _PIECES = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
# What comes after this says the same or something else; either way the beginning tells what a text is about.
_MOST_CHARS, _MOST_PIECES = 8_000, 512
_AT_ONCE = 256
# The file begins with the length of its description.
_LENGTH_BYTES = 8


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each text, in their order; their dot products say how alike the texts are."""
    if not texts:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    return np.vstack([_embedded(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)])


@cache
def version() -> str:
    """Return what is stored with every vector: only vectors of the same version may be compared."""
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
def _vectors() -> NDArray[np.float16]:
    """Return the vectors of all pieces as they stand in the file: the system shares its pages among processes."""
    path = _directory() / _VECTORS
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        told: dict[str, Any] = orjson.loads(file.read(length))["embedding.weight"]
    offset = _LENGTH_BYTES + length + told["data_offsets"][0]
    return np.memmap(path, dtype="<f2", mode="r", offset=offset, shape=tuple(told["shape"]))


def _directory() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {_PACKAGE} is missing. Install Callboard's requirements again.")
    return Path(found.submodule_search_locations[0])
