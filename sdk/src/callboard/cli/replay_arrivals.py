"""When replayed conversations arrive: as in a recorded trace of production load, or at random at a given rate."""

import csv
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TRACE_NAME: Final = "load_trace.csv"


def recorded(path: Path) -> list[float]:
    """Return the arrival times of a load trace in seconds, in order; lines that hold none are left out."""
    found: list[float] = []
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            try:
                second = float(line["arrival_s"])
            except (KeyError, TypeError, ValueError):
                continue
            if 0 <= second < math.inf:
                found.append(second)
    return sorted(found)


def repeated(arrivals: list[float]) -> Iterator[float]:
    """Yield the arrivals over and over, each round after the one before."""
    length = arrivals[-1] + 1.0
    start = 0.0
    while True:
        for second in arrivals:
            yield start + second
        start += length


def poisson(rate: float, seed: str) -> Iterator[float]:
    """Yield arrivals of a Poisson process with this many a second, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    second = 0.0
    while True:
        second += dice.expovariate(rate)
        yield second
