"""Makes the small word vectors of the groundedness detector from the weights of all-MiniLM-L6-v2 (Apache-2.0), read as data only.

    python -m benchmarks.detectors.word_vectors MODEL_FOLDER monitoring/detectors/weights/words.npz

The folder holds `model.safetensors` and `vocab.txt`. Each frequent word is read by the whole model alone; what it makes of it is
turned so that the directions in which words differ most come first, and only these are kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_WORDS, _DIMENSIONS, _BATCH = 18_000, 40, 512
_LAYERS, _HEADS = 6, 12


def make(folder: Path, target: Path) -> None:
    """Write the vectors of the most frequent words."""
    tensors = _read(folder / "model.safetensors")
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    numbers = [number for number, word in enumerate(vocabulary) if word.isascii() and word.isalpha() and len(word) > 1][
        :_WORDS
    ]
    first, last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    made = np.concatenate([
        _embed(tensors, np.array([[first, number, last] for number in numbers[start : start + _BATCH]]))
        for start in range(0, len(numbers), _BATCH)
    ])  # fmt: skip
    small = _main_directions(made)
    scale = 127 / np.abs(small).max(axis=1, keepdims=True)
    np.savez_compressed(
        target, words=np.array(" ".join(vocabulary[number] for number in numbers)), vectors=np.round(small * scale).astype(np.int8),
        origin=np.array("made by benchmarks/detectors/word_vectors.py from all-MiniLM-L6-v2 (sentence-transformers), Apache-2.0"),
    )  # fmt: skip


def _read(path: Path) -> dict[str, Array]:
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    return {
        name: np.frombuffer(raw, np.float32, int(np.prod(part["shape"])), 8 + size + part["data_offsets"][0]).reshape(part["shape"])
        for name, part in header.items()
        if name != "__metadata__" and part["dtype"] == "F32"
    }  # fmt: skip


def _embed(tensors: dict[str, Array], tokens: NDArray[np.int_]) -> Array:
    state = tensors["embeddings.word_embeddings.weight"][tokens]
    state = state + tensors["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    state = _normal(tensors, "embeddings.LayerNorm", state + tensors["embeddings.token_type_embeddings.weight"][0])
    for number in range(_LAYERS):
        layer = f"encoder.layer.{number}"
        heads = [
            _linear(tensors, f"{layer}.attention.self.{part}", state)
            .reshape(*tokens.shape, _HEADS, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        ]
        power = heads[0] @ heads[1].transpose(0, 1, 3, 2) / np.sqrt(heads[0].shape[-1])
        power = np.exp(power - power.max(axis=-1, keepdims=True))
        seen = (power / power.sum(axis=-1, keepdims=True) @ heads[2]).transpose(0, 2, 1, 3).reshape(state.shape)
        state = _normal(
            tensors,
            f"{layer}.attention.output.LayerNorm",
            state + _linear(tensors, f"{layer}.attention.output.dense", seen),
        )
        inner = _linear(tensors, f"{layer}.intermediate.dense", state)
        inner = 0.5 * inner * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        state = _normal(tensors, f"{layer}.output.LayerNorm", state + _linear(tensors, f"{layer}.output.dense", inner))
    mean: Array = state.mean(axis=1)
    return mean


def _linear(tensors: dict[str, Array], name: str, state: Array) -> Array:
    made: Array = state @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
    return made


def _normal(tensors: dict[str, Array], name: str, state: Array) -> Array:
    centred = state - state.mean(axis=-1, keepdims=True)
    made: Array = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return made * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def _main_directions(made: Array) -> Array:
    made = made / np.linalg.norm(made, axis=1, keepdims=True)
    centred = made - made.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    small: Array = centred @ directions[:, ::-1][:, :_DIMENSIONS]
    return small


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
