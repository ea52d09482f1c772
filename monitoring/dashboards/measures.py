"""The numbers that charts show: where each is read, how it is made from many calls, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitoring.alerts import measures as of_alerts
from monitoring.alerts.measures import Shape, Unit
from monitoring.analysis.flags import Flag

__all__ = ["DEFAULT", "GROUPS", "MEASURES", "SCORE", "Measure", "Shape", "Source", "Unit"]


class Source(StrEnum):
    """Where a number is read when nothing is asked that only single calls can tell."""

    # The counters that are written with the calls: as quick at any number of calls.
    COUNTERS = "counters"
    # Single calls, for what cannot be added up.
    CALLS = "calls"
    # What detectors found, counted by the hour.
    FINDINGS = "findings"
    # What people and checks say about answers.
    SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; a `sum` of different things cannot be added up over time, such as people."""

    name: str
    words: str
    shape: Shape
    unit: Unit
    source: Source = Source.COUNTERS
    quantile: float = 0.0
    flag: Flag | None = None
    # What the number is out of, such as calls or thumbs.
    of: str = "calls"

    @property
    def is_first_token(self) -> bool:
        """Tell whether it is the time until an answer begins, not until it ends."""
        return self.name.startswith("first_")

    @property
    def is_of_thumbs(self) -> bool:
        return self.name in ("disliked", "responses")

    @property
    def is_distinct(self) -> bool:
        return self.name == "users"

    @property
    def is_amount(self) -> bool:
        """Tell whether it adds up, so that bars can be stacked."""
        return self.shape == Shape.SUM and not self.is_distinct


SCORE, DEFAULT = "score", "calls"
_TIMES = (
    Measure("p50", "Half answered within (p50)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.5),
    Measure("p95", "95 of 100 answered within (p95)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.95),
    Measure("p99", "99 of 100 answered within (p99)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.99),
    Measure("first_p50", "Half begin within (first words, p50)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.5),
    Measure("first_p95", "95 of 100 begin within (first words, p95)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.95),
    Measure("first_p99", "99 of 100 begin within (first words, p99)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.99),
)  # fmt: skip
_TRAFFIC = (
    Measure("calls", "Calls", Shape.SUM, Unit.COUNT),
    Measure("users", "Users", Shape.SUM, Unit.COUNT, Source.CALLS, of="users"),
    Measure("failed", "Failed calls", Shape.SUM, Unit.COUNT),
    Measure("errors", "Share of failed calls", Shape.SHARE, Unit.SHARE),
)
_MONEY = (
    Measure("cost", "Cost", Shape.SUM, Unit.USD),
    Measure("call_cost", "Cost of a call", Shape.MEAN, Unit.USD),
    Measure("tokens", "Tokens, sent and answered", Shape.SUM, Unit.COUNT),
    Measure("tokens_in", "Tokens sent", Shape.SUM, Unit.COUNT),
    Measure("tokens_out", "Tokens answered", Shape.SUM, Unit.COUNT),
)
_SAID = (
    Measure("disliked", "Share of thumbs down", Shape.SHARE, Unit.SHARE, of="thumbs"),
    Measure("responses", "Thumbs per call (response rate)", Shape.SHARE, Unit.SHARE),
    Measure(SCORE, "Mean of a score", Shape.MEAN, Unit.NUMBER, Source.SCORES, of="scores"),
)
_FOUND = tuple(
    Measure(
        f"found_{measure.name}", f"Share with {measure.words.removeprefix('share of ')}", Shape.SHARE, Unit.SHARE,
        Source.FINDINGS, flag=measure.flag,
    )
    for measure in of_alerts.MEASURES.values() if measure.flag
)  # fmt: skip
GROUPS: tuple[tuple[str, tuple[Measure, ...]], ...] = (
    ("Traffic", _TRAFFIC), ("Time", _TIMES), ("Money", _MONEY), ("What people and checks say", _SAID), ("What was found", _FOUND),
)  # fmt: skip
MEASURES: dict[str, Measure] = {measure.name: measure for _, group in GROUPS for measure in group}
