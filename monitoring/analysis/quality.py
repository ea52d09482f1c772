"""How good the detectors are: on labelled texts before they were shipped, and by what people of the project said since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.db.models import Count

from monitoring.analysis.models import FlagMark, MarkVerdict
from monitoring.usage_rates import Rate

# Written by `python -m benchmarks.detectors.published` from what `callboard bench detectors --json` printed.
_FILE = Path(__file__).parent / "shipped_quality.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One detector on one collection of labelled texts that it was not taught with; None where nothing can be said."""

    source: str
    texts: int
    precision: float | None
    recall: float | None
    f1: float | None
    auroc: float | None

    @property
    def shares(self) -> tuple[float | None, ...]:
        """The figures in the order of a table."""
        return self.precision, self.recall, self.f1, self.auroc


@dataclass(frozen=True, slots=True)
class Shipped:
    """All that was measured before, and when."""

    measured_on: date
    figures: Mapping[str, tuple[Figure, ...]]


@dataclass(frozen=True, slots=True)
class Own:
    """What people of a project said about the findings of one detector."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> Rate:
        """How many of the findings that people looked at were right."""
        return Rate(self.right, self.right + self.wrong)

    @property
    def total(self) -> int:
        return self.right + self.wrong + self.missed


@cache
def shipped() -> Shipped:
    """Return what was measured on labelled texts with the detectors of this release."""
    stored: dict[str, Any] = orjson.loads(_FILE.read_bytes())
    figures = {detector: tuple(Figure(**figure) for figure in found) for detector, found in stored["detectors"].items()}
    return Shipped(date.fromisoformat(stored["measured_on"]), figures)


def own(*, project_id: int) -> dict[str, Own]:
    """Return what people said, by detector; those that nobody said anything about are left out."""
    counts: dict[str, dict[str, int]] = {}
    rows = FlagMark.objects.filter(project_id=project_id).values_list("detector", "verdict").annotate(Count("pk"))
    for detector, verdict, count in rows:
        counts.setdefault(detector, {})[verdict] = count
    return {detector: _own(found) for detector, found in counts.items()}


def _own(counts: Mapping[str, int]) -> Own:
    return Own(
        *(counts.get(verdict.value, 0) for verdict in (MarkVerdict.RIGHT, MarkVerdict.WRONG, MarkVerdict.MISSED))
    )
