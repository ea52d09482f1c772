"""One finding of the checks before a publish, and how serious it is."""

from __future__ import annotations

from dataclasses import dataclass

STOPS = "stops"
TICK = "tick"
INFORMS = "informs"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding in one sentence with a way out, and how serious it is."""

    level: str
    sentence: str
