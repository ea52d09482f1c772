"""Made-up traffic: unit vectors around topics, so that it is known what a dataset lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass
class Traffic:
    """Calls with the topic of each; `more` draws further ones of the same kind."""

    TOPICS: ClassVar[int] = 20
    centres: Vectors
    calls: Vectors
    topics: NDArray[np.int64]
    generator: np.random.Generator

    @classmethod
    def drawn(cls, seed: int, *, count: int = 2_000, dimensions: int = 48) -> Traffic:
        generator = np.random.default_rng(seed)
        centres = _units(generator.normal(size=(cls.TOPICS, dimensions)))
        topics = generator.integers(cls.TOPICS, size=count)
        return cls(centres, _around(centres[topics], generator), topics, generator)

    def more(self, count: int, *, topics: Iterable[int] | None = None) -> Vectors:
        """Return further calls, of some of the topics or of all."""
        choice = np.array(list(topics) if topics is not None else list(range(self.TOPICS)))
        return _around(self.centres[self.generator.choice(choice, size=count)], self.generator)


def _around(centres: Vectors, generator: np.random.Generator) -> Vectors:
    # Calls of one topic lie in a few directions around its middle, as sentences do.
    return _units(centres + 0.08 * generator.normal(size=centres.shape))


def _units(vectors: NDArray[np.float64]) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
