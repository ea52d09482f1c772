"""The vectors that this process made last: documents and product names come again and again, and nobody pays twice for a retry."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# A vector takes two kilobytes, from a large model twelve.
MOST = 2_048
_known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
_lock = threading.Lock()


def vectors(
    texts: Sequence[str], *, space: str, dimensions: int, embed: Callable[[Sequence[str]], NDArray[np.float32]], at_once: int
) -> NDArray[np.float32]:  # fmt: skip
    """Return the vector of each text, in their order; only those that are not known are made, so many at once."""
    if not texts:
        return np.empty((0, dimensions), dtype=np.float32)
    keys = [hashlib.blake2b(f"{space}\n{text}".encode("utf-8", "replace"), digest_size=16).digest() for text in texts]
    found = {key: vector for key in keys if (vector := _known.get(key)) is not None}
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
    for start in range(0, len(new), at_once):
        some = list(new)[start : start + at_once]
        # Copies: a row by itself would keep the array of all rows alive.
        made = {key: row.copy() for key, row in zip(some, embed([new[key] for key in some]), strict=True)}
        _remember(made)
        found |= made
    return np.stack([found[key] for key in keys])


def forget() -> None:
    """Start anew, as a new process does."""
    with _lock:
        _known.clear()


def _remember(made: Mapping[bytes, NDArray[np.float32]]) -> None:
    with _lock:
        for key, vector in made.items():
            _known[key] = vector
            _known.move_to_end(key)
        while len(_known) > MOST:
            _known.popitem(last=False)
