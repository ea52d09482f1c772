"""`callboard bench embeddings`: does the local embedding put texts of one intent together, and how fast is it?"""

from __future__ import annotations

import json
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import figures
from benchmarks.figures import Figures
from evals.coverage import groups
from monitoring import embeddings

_NEIGHBOURS = 5
_TIMED_TEXTS = 5_000


@dataclass(frozen=True)
class Options:
    """A file of JSON lines, each with `text`, `intent` and `domain`, and a `part` (train or test) where there is one."""

    data: Path


def run(options: Options) -> Figures:
    """Report accuracy of the nearest neighbours and agreement of groups with the intents, for each domain."""
    machine = figures.machine()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line.strip()]
    by_domain: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_domain[row["domain"]].append(row)
    return {
        "version": embeddings.version(), "dimensions": embeddings.DIMENSIONS, "texts": len(rows),
        **_speed([row["text"] for row in rows]),
        "domains": {domain: _quality(some) for domain, some in sorted(by_domain.items())}, "machine": machine,
    }  # fmt: skip


def _speed(texts: Sequence[str]) -> Figures:
    before = _memory_mb()
    started = time.perf_counter()
    embeddings.embed(["the first text loads the model"])
    load_ms = (time.perf_counter() - started) * 1000
    started = time.thread_time()
    count = len(embeddings.embed(texts[:_TIMED_TEXTS]))
    seconds = time.thread_time() - started
    return {
        "load_ms": round(load_ms),
        "texts_per_cpu_second": round(count / seconds),
        "memory_mb": round(_memory_mb() - before),
    }


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _quality(rows: list[dict[str, str]]) -> Figures:
    vectors = embeddings.embed([row["text"] for row in rows])
    intents = np.unique([row["intent"] for row in rows], return_inverse=True)[1]
    is_test = np.array([row.get("part") == "test" for row in rows])
    # Where the data come in two parts, one is learned from and the other asked.
    if is_test.any() and not is_test.all():
        accuracy = _accuracy(vectors[is_test], intents[is_test], vectors[~is_test], intents[~is_test])
        vectors, intents = vectors[is_test], intents[is_test]
    else:
        accuracy = _accuracy(vectors, intents, vectors, intents, is_same=True)
    found = groups.grouped(vectors, count=len(np.unique(intents)))
    return {
        "texts": len(rows), "intents": int(intents.max()) + 1, "nearest_5_accuracy": round(accuracy, 3),
        "nmi": round(nmi(intents, found), 3), "ari": round(ari(intents, found), 3),
    }  # fmt: skip


def _accuracy(
    asked: NDArray[np.float32], right: NDArray[np.int64], known: NDArray[np.float32], intents: NDArray[np.int64], *,
    is_same: bool = False,
) -> float:  # fmt: skip
    hits = 0
    for place, vector in enumerate(asked):
        likeness = known @ vector
        if is_same:
            likeness[place] = -1
        votes: Counter[int] = Counter()
        for neighbour in np.argpartition(-likeness, _NEIGHBOURS)[:_NEIGHBOURS]:
            votes[int(intents[neighbour])] += float(likeness[neighbour])  # type: ignore[assignment]
        hits += votes.most_common(1)[0][0] == right[place]
    return hits / len(asked)


def nmi(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the normalised mutual information of two groupings: 1 when they are the same, 0 when unrelated."""
    table = _table(one, other) / len(one)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    filled = table > 0
    shared = float((table[filled] * np.log(table[filled] / np.outer(rows, columns)[filled])).sum())
    spread = (_entropy(rows) + _entropy(columns)) / 2
    return shared / spread if spread else 1.0


def ari(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the adjusted Rand index of two groupings: 1 when they are the same, about 0 when unrelated."""
    table = _table(one, other)
    together, in_one, in_other = (_pairs(part) for part in (table, table.sum(axis=1), table.sum(axis=0)))
    by_chance = in_one * in_other / _pairs(np.array([len(one)]))
    best = (in_one + in_other) / 2
    return (together - by_chance) / (best - by_chance) if best != by_chance else 1.0


def _table(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one, other), 1)
    return table


def _pairs(counts: NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _entropy(shares: NDArray[np.float64]) -> float:
    filled = shares[shares > 0]
    return float(-(filled * np.log(filled)).sum())
