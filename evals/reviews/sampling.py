"""Draws by hash: every item has the same chance, a draw can be repeated, and drawing more goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def rank(salt: str, key: str) -> int:
    """Return the place of a key in the draw of this salt, from 0 to 2⁶³ − 1."""
    return int.from_bytes(hashlib.sha256(f"{salt}\n{key}".encode()).digest()[:8]) >> 1


def drawn(keys: Iterable[str], *, salt: str, count: int) -> Sequence[str]:
    """Return the first `count` keys of the draw."""
    return sorted(keys, key=lambda key: rank(salt, key))[:count]


def is_heads(salt: str, key: str) -> bool:
    """Tell how a fair coin falls that always falls alike for the same key."""
    return rank(f"{salt} side", key) % 2 == 0
