"""Simulated calls in columns: a few prompts and models, groups of questions of very different sizes, and heavy users."""

from __future__ import annotations

import numpy as np

from monitoring.analysis.flags import BITS, bit_of
from monitoring.streams.call_columns import TEXTS, Columns
from monitoring.streams.families import Calls
from monitoring.streams.scopes import DISLIKED, SIGNALS

RATES = {"slow": 0.05, "late_start": 0.05, "dear": 0.05, "disliked": 0.04, "refused": 0.02, "unsupported": 0.03}
OTHER_RATE = 0.005


class Traffic:
    """Calls whose columns may be changed before `calls()` is taken; `is_bad[signal]` tells which are bad."""

    def __init__(self, *, size: int, seed: int, clusters: int = 80, users: int = 1_500) -> None:
        self.random = random = np.random.default_rng(seed)
        self.size = size
        weights = 1 / np.arange(1, clusters + 1)
        self.cluster = random.choice(clusters, size=size, p=weights / weights.sum()) + 1
        self.cluster[random.random(size) < 0.15] = 0
        # Each group of questions is asked of one prompt mainly.
        self.prompt = np.where(random.random(size) < 0.9, self.cluster % 3, random.integers(0, 3, size))
        self.model = random.choice(2, size=size, p=[0.7, 0.3])
        self.environment = (random.random(size) < 0.1).astype(np.int64)
        self.version = np.where(random.random(size) < 0.3, 11, 10)
        # A week of whole hours.
        self.at = np.sort(random.integers(20_000 * 24, 20_007 * 24, size))
        self.hour = self.at % 24
        self.arm = np.zeros(size, dtype=np.int64)
        self.texts = {name: np.zeros(size, dtype=np.int64) for name in TEXTS}
        self.retrieval = np.where(self.prompt == 0, 0, -1)
        # A few users make very many calls.
        heaviness = random.pareto(1.2, users) + 0.2
        self.unit = random.choice(users, size=size, p=heaviness / heaviness.sum())
        self.conversation = self.unit * 10 + random.integers(0, 10, size)
        self.temper = random.gamma(2.0, 0.5, users)
        nature = random.gamma(16.0, 1 / 16, clusters + 1)
        self.is_bad = {}
        for signal in SIGNALS:
            rate = RATES.get(signal, OTHER_RATE) * nature[random.permutation(clusters + 1)[self.cluster]]
            if signal == "disliked":
                # Some users dislike far more than others.
                rate = rate * self.temper[self.unit]
            self.is_bad[signal] = random.random(size) < rate

    def spoil(self, where: np.ndarray, signal: str, rate: float) -> None:
        """Make this share of some calls bad."""
        self.is_bad[signal] |= where & (self.random.random(self.size) < rate)

    def calls(self) -> Calls:
        """Return the columns."""
        return Calls(
            self.cluster.astype(np.int64), self.prompt, self.model, self.environment, self.version, self.hour, self.retrieval,
            self.unit, self.conversation, {signal: np.flatnonzero(is_bad) for signal, is_bad in self.is_bad.items()},
            ("answer", "search", "summary"), ("fast", "large"), ("production", "staging"), ("find pages",),
        )  # fmt: skip

    def columns(self, where: np.ndarray) -> Columns:
        """Return some of the calls as they are read from the database."""
        flags = np.zeros(self.size, dtype=np.int64)
        for signal, is_bad in self.is_bad.items():
            flags |= is_bad * (1 << BITS if signal == DISLIKED else int(bit_of(signal)))
        texts = {**self.texts, "prompt_name": self.prompt, "model": self.model, "environment": self.environment}
        numbers = {
            "cluster": self.cluster, "prompt_version": self.version, "arm": self.arm, "at": self.at, "unit": self.unit,
            "conversation": self.conversation, "flags": flags, "retrieval": self.retrieval, **texts,
        }  # fmt: skip
        known = {
            "prompt_name": ("answer", "search", "summary"), "model": ("fast", "large"), "environment": ("production", "staging"),
            "release": ("r1", "r2"), "service": ("shop", "desk"), "language": ("en", "de"), "segment": ("pro", "free"),
            "retrieval": ("find pages",),
        }  # fmt: skip
        chosen = {name: column[where] for name, column in numbers.items()}
        names = {"retrieval": known.pop("retrieval")}
        for name, words in known.items():
            used, chosen[name] = np.unique(chosen[name], return_inverse=True)
            names[name] = tuple(words[number] for number in used)
        return Columns(chosen, names, 1.0)
