"""Turns measured times into the figures that are reported, and says on what machine they were taken."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

import psycopg

Figures = dict[str, Any]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that this share of the values does not exceed; 0 when there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(seconds: Sequence[float], percents: Sequence[int], *, prefix: str = "", suffix: str = "") -> Figures:
    """Return `p50_ms` and so on of durations in seconds."""
    return {f"{prefix}p{percent}_ms{suffix}": round(percentile(seconds, percent) * 1000, 2) for percent in percents}


def machine(*, database_url: str = "") -> Figures:
    """Return what the figures depend on besides Callboard; taken before anything is started."""
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    found: Figures = {
        "cores": cores,
        "load_average_at_start": round(load, 2),
        "is_busy": load > cores / 2,
        "python": platform.python_version(),
    }
    if database_url:
        found["postgres"] = postgres_version(database_url)
    return found


def postgres_version(database_url: str) -> str:
    """Return the version of the database server."""
    with psycopg.connect(database_url) as connection:
        return f"{connection.info.server_version // 10_000}.{connection.info.server_version % 10_000}"
