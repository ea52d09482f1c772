"""Small linear models whose weights stand in readable files beside this module: what each sign is worth, and from what it was learnt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WEIGHTS = Path(__file__).parent / "weights"

Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A logistic regression over named signs; above `threshold` a text is flagged."""

    bias: float
    weights: Mapping[str, float]
    threshold: float

    def probability(self, features: Features) -> float:
        """Return how likely a text with these signs is what the model looks for."""
        weights = self.weights
        return sigmoid(self.bias + sum(weights[name] * value for name, value in features.items() if name in weights))

    def worth(self, name: str) -> float:
        """Return what a sign speaks for (above 0) or against (below 0)."""
        return self.weights.get(name, 0.0)


@cache
def load(name: str) -> LinearModel:
    """Return the model of this name as it is shipped."""
    stored = json.loads((_WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))
    return LinearModel(stored["bias"], stored["weights"], stored["threshold"])


def sigmoid(value: float) -> float:
    """Return the logistic function without overflow."""
    if value >= 0:
        return 1 / (1 + math.exp(-min(value, 700.0)))
    power = math.exp(max(value, -700.0))
    return power / (1 + power)


def word_grams(words: list[str], longest: int) -> dict[str, float]:
    """Return every sequence of up to `longest` words, weighted so that long texts do not shout louder than short ones."""
    found: dict[str, float] = {}
    for size in range(1, longest + 1):
        for place in range(len(words) - size + 1):
            found[" ".join(words[place : place + size])] = 1.0
    if not found:
        return found
    share = 1 / math.sqrt(len(found))
    return dict.fromkeys(found, share)
