"""`callboard bench clusters`: do groups found without knowing how many there are agree with what people call an intent?"""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks import figures
from benchmarks.embeddings import ari, nmi
from benchmarks.figures import Figures
from monitoring import embeddings
from monitoring.clusters import assignment, discovery
from monitoring.clusters.assignment import Centroids

# Sources that are mostly learned from have a part to be measured on.
_MEASURED_PART = "test"
_SMALLEST = 5
_PLANTED_TOPICS, _PLANTED_FIELDS, _NOISE = 300, 20, 0.15
_CENTROIDS, _ASSIGNED = 2_000, 2_000


@dataclass(frozen=True)
class Options:
    """A file of JSON lines, each with `text`, `intent` and `source` (and `part`), and how many planted calls to group."""

    data: Path | None
    planted: int


def run(options: Options) -> Figures:
    """Report for each source how well the groups agree with the intents, and how long grouping very many calls takes."""
    machine = figures.machine()
    sources = _sources(options.data) if options.data else {}
    found = {name: _quality(rows) for name, rows in sorted(sources.items())}
    macro = {
        name: round(sum(one[name] for one in found.values()) / len(found), 3)
        for name in ("nmi", "ari", "found_of_true") if found
    }  # fmt: skip
    return {
        "version": embeddings.version(), "sources": found, "macro": macro,
        "planted": _planted(options.planted) if options.planted else {}, "assignment": _assignment(), "machine": machine,
    }  # fmt: skip


def _sources(data: Path) -> dict[str, list[dict[str, str]]]:
    by_source: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line in data.read_bytes().splitlines():
        if line.strip():
            row = orjson.loads(line)
            by_source[str(row.get("source") or row.get("domain") or "")].append(row)
    return {name: _measured(rows) for name, rows in by_source.items()}


def _measured(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    test = [row for row in rows if row.get("part") == _MEASURED_PART]
    return test or rows


def _quality(rows: Sequence[dict[str, str]]) -> Figures:
    vectors = embeddings.embed([row["text"] for row in rows])
    intents = np.unique([row["intent"] for row in rows], return_inverse=True)[1]
    started = time.perf_counter()
    groups = discovery.discover(vectors, smallest=_SMALLEST)
    seconds = time.perf_counter() - started
    # What matters later: the group whose direction is the nearest, as new calls are assigned.
    nearest = np.unique(discovery.nearest(vectors, groups.centroids), return_inverse=True)[1]
    true, found = int(intents.max()) + 1, int(groups.labels.max()) + 1
    return {
        "texts": len(rows), "intents": true, "found": found, "found_of_true": round(found / true, 2),
        "nmi": round(nmi(intents, groups.labels), 3), "ari": round(ari(intents, groups.labels), 3),
        "nmi_as_assigned": round(nmi(intents, nearest), 3), "ari_as_assigned": round(ari(intents, nearest), 3),
        "clear": int(groups.is_clear.sum()), "seconds": round(seconds, 2),
    }  # fmt: skip


def _planted(size: int) -> Figures:
    vectors, topics = planted(size=size)
    started, worked = time.perf_counter(), time.process_time()
    groups = discovery.discover(vectors, smallest=max(_SMALLEST, 0.0005 * size))
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    is_topic = topics >= 0
    labels = np.unique(groups.labels[is_topic], return_inverse=True)[1]
    return {
        "calls": size, "topics": _PLANTED_TOPICS, "found": len(groups.centroids), "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1), "ari": round(ari(topics[is_topic], labels), 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def planted(
    *, size: int, topics: int = _PLANTED_TOPICS, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return vectors of calls about topics of very different sizes, and their topics; -1 for those about none."""
    random, dimensions = np.random.default_rng(seed), embeddings.DIMENSIONS

    def directions(count: int) -> NDArray[np.float32]:
        return discovery.unit(random.standard_normal((count, dimensions), dtype=np.float32))

    shares = 1 / np.arange(1, topics + 1) ** 0.7
    drawn = random.choice(topics, size, p=shares / shares.sum())
    common, fields = directions(1), directions(_PLANTED_FIELDS)
    middles = 0.6 * common + 0.8 * fields[random.integers(_PLANTED_FIELDS, size=topics)] + directions(topics)
    vectors = middles[drawn]
    is_noise = random.random(size) < _NOISE
    count = int(is_noise.sum())
    vectors[is_noise] = 0.6 * common + 0.8 * fields[random.integers(_PLANTED_FIELDS, size=count)] + directions(count)
    vectors += 1.1 * directions(size)
    return discovery.unit(vectors), np.where(is_noise, -1, drawn)


def _assignment() -> Figures:
    """Report how long it takes to find the cluster of one new call among as many clusters as there may be."""
    random = np.random.default_rng(1)
    vectors = discovery.unit(
        random.standard_normal((_CENTROIDS + _ASSIGNED, embeddings.DIMENSIONS), dtype=np.float32)
    )  # fmt: skip
    centroids = Centroids(
        np.arange(_CENTROIDS), vectors[:_CENTROIDS], np.full(_CENTROIDS, 0.1, dtype=np.float32)
    )  # fmt: skip
    times = {}
    for name, at_once in (("one_by_one_us", 1), ("in_batches_us", 200)):
        started = time.perf_counter()
        for start in range(_CENTROIDS, _CENTROIDS + _ASSIGNED, at_once):
            assignment.assign(vectors[start : start + at_once], centroids)
        times[name] = round((time.perf_counter() - started) / _ASSIGNED * 1e6, 1)
    return {"clusters": _CENTROIDS, **times}
