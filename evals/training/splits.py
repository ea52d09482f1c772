"""Which side of the split a call is on: all calls of one person or session are on the same."""

from __future__ import annotations

import hashlib

_WHOLE = 2**32
TRAIN, VALIDATION = "train", "validation"


def side_of(group: str, *, share: float, salt: str) -> str:
    """Return the side of a group; the same group and share always answer the same, however often it is asked."""
    digest = hashlib.sha256(f"{salt}\x1f{group}".encode("utf-8", "surrogatepass")).digest()
    return VALIDATION if int.from_bytes(digest[:4], "big") < share * _WHOLE else TRAIN
