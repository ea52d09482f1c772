"""Repeatable chance: every question about a seed has one answer, whatever else is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dice:
    """Rolls by name; naming a new roll leaves all others as they were, so runs stay comparable."""

    seed: str

    def roll(self, name: str) -> float:
        """Return a number in [0, 1) that only depends on the seed and the name."""
        digest = hashlib.blake2b(f"{self.seed}\x1f{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # 53 bits, what a double holds: with all 64 the quotient can round up to 1.
        return (int.from_bytes(digest) >> 11) / 2**53

    def pick(self, name: str, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.roll(name) * len(options))]

    def number(self, name: str, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.roll(name) * (high - low + 1))

    def shuffled(self, name: str, options: Sequence[T]) -> list[T]:
        """Return the options in an order of their own."""
        order = sorted(range(len(options)), key=lambda index: self.roll(f"{name}/{index}"))
        return [options[index] for index in order]
