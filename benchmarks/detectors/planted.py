"""Slow calls planted among ordinary ones, because no public collection says which calls were outliers."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.detectors import measures
from benchmarks.detectors.rows import DataRefused
from benchmarks.figures import Figures
from monitoring.detectors import latency
from monitoring.detectors.latency import FEWEST_TO_COMPARE, Timing

_SEED = 7
_CALLS = 4_000
# How many calls are made slow, in three rounds: the more there are, the more they look usual.
_EVERY = (50, 20, 10)
_COLUMNS = {"provider_model", "output_tokens", "latency_s"}

Timings = Mapping[str, Sequence[Timing]]


def read(paths: Sequence[Path]) -> Timings:
    """Return the timings of calls that did not fail, by provider and model; made-up ones when no file holds any."""
    files = [file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    found: dict[str, list[Timing]] = {}
    for file in files:
        if file.suffix == ".csv" and not _read_file(file, found) and file in paths:
            raise DataRefused(f"{file.name} holds no timings: the columns {', '.join(sorted(_COLUMNS))} are needed.")
    usable = {name: timings for name, timings in found.items() if len(timings) >= FEWEST_TO_COMPARE}
    return usable or {"made up": made_up()}


def made_up(seed: int = _SEED) -> list[Timing]:
    """Return calls whose time grows with the answer and strays like a lognormal."""
    chance = random.Random(seed)  # noqa: S311 - planted data, nothing secret
    tokens = [max(1, int(math.exp(chance.gauss(4.8, 0.2)))) for _ in range(_CALLS)]
    return [Timing(count, (0.4 + 0.012 * count) * math.exp(chance.gauss(0, 0.22))) for count in tokens]


def latency_figures(timings: Timings) -> Figures:
    """Return how many planted outliers are found, and how many other calls are taken for one, at worst over the rounds."""
    rounds = {f"{100 // every} % slow": _round(timings, every) for every in _EVERY}
    return {
        "planted": sum(figures["planted"] for figures in rounds.values()),
        "recall": min(figures["recall"] for figures in rounds.values()),
        "false_alarms": max(figures["false_alarms"] for figures in rounds.values()),
        "rounds": rounds,
    }


def _round(timings: Timings, every: int) -> Figures:
    sources = {name: _figures(calls, every) for name, calls in timings.items()}
    return {
        "planted": sum(figures["planted"] for figures in sources.values()),
        "recall": measures.macro(list(sources.values()), "recall"),
        "false_alarms": measures.macro(list(sources.values()), "false_alarms"), "sources": sources,
    }  # fmt: skip


def _figures(calls: Sequence[Timing], every: int) -> Figures:
    chance = random.Random(_SEED)  # noqa: S311 - planted data, nothing secret
    is_slow = [place % every == every // 2 for place in range(len(calls))]
    seen = [
        Timing(call.output_tokens, call.seconds * chance.uniform(4, 12)) if slow else call
        for call, slow in zip(calls, is_slow, strict=True)
    ]
    # As in traffic, what is usual is learnt from the slow calls too.
    usual = latency.baseline(seen)
    flagged = [latency.outlier(call, usual).is_flagged for call in seen]
    found = sum(flag for flag, slow in zip(flagged, is_slow, strict=True) if slow)
    false = sum(flag for flag, slow in zip(flagged, is_slow, strict=True) if not slow)
    planted = sum(is_slow)
    return {
        "planted": planted, "recall": round(found / planted, 4),
        "false_alarms": round(false / (len(calls) - planted), 5),
    }  # fmt: skip


def _read_file(path: Path, found: dict[str, list[Timing]]) -> bool:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not set(rows.fieldnames or ()) >= _COLUMNS:
            return False
        for row in rows:
            # A request that failed says nothing about how long one takes.
            if not row.get("error_code") and row["latency_s"]:
                timing = Timing(int(float(row["output_tokens"] or 0)), float(row["latency_s"]))
                found.setdefault(row["provider_model"], []).append(timing)
    return True
