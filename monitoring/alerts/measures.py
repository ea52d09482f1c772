"""The numbers that alerts look at: where each comes from, what it counts, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitoring.analysis.flags import SHOWN, Flag


class Source(StrEnum):
    """Where a number is read."""

    # The counters that are written with the calls.
    COUNTERS = "counters"
    # What detectors found, which comes a little later.
    FINDINGS = "findings"
    # What checks and people say about answers.
    SCORES = "scores"


class Shape(StrEnum):
    """How a number is made from many calls."""

    SUM = "sum"
    SHARE = "share"
    MEAN = "mean"
    PERCENTILE = "percentile"


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    MILLISECONDS = "ms"
    USD = "usd"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; `floor` is the least that counts as usual, so that twice next to nothing is still nothing."""

    name: str
    words: str
    shape: Shape
    unit: Unit
    source: Source = Source.COUNTERS
    quantile: float = 0.0
    floor: float = 0.0
    flag: Flag | None = None

    @property
    def is_share(self) -> bool:
        return self.unit == Unit.SHARE


SCORE = "score"
_FOUND = {
    "refused": "refusals", "unsupported": "answers that nothing supports", "injection": "attempts to take over the model",
    "toxic": "insulting texts", "long_winded": "long-winded answers", "repeated": "answers that repeat themselves",
    "slow": "answers that are slow for their kind", "late_start": "answers that begin late", "empty": "empty answers",
    "cut_off": "answers that are cut off", "wrong_language": "answers in the wrong language",
    "bad_format": "answers in the wrong form", "leaked_data": "answers with personal data", "frustrated": "frustrated users",
    "asked_again": "questions that are asked again", "contradicted": "answers that contradict what was expected",
    "hidden_instruction": "documents with hidden instructions",
}  # fmt: skip
_LEAST_SHARE = 0.005
_COUNTED = (
    Measure("calls", "calls", Shape.SUM, Unit.COUNT),
    Measure("errors", "share of failed calls", Shape.SHARE, Unit.SHARE, floor=_LEAST_SHARE),
    Measure("disliked", "share of thumbs down", Shape.SHARE, Unit.SHARE, floor=_LEAST_SHARE),
    Measure("p50", "time within which half of the calls are answered (p50)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.5),
    Measure("p95", "time within which 95 of 100 calls are answered (p95)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.95),
    Measure("p99", "time within which 99 of 100 calls are answered (p99)", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.99),
    Measure("first_token", "time within which 95 of 100 answers begin", Shape.PERCENTILE, Unit.MILLISECONDS, quantile=0.95),
    Measure("cost", "cost", Shape.SUM, Unit.USD, floor=0.001),
    Measure("tokens", "tokens", Shape.SUM, Unit.COUNT),
    Measure(SCORE, "mean of a check", Shape.MEAN, Unit.NUMBER, Source.SCORES),
)  # fmt: skip
# A failed call is counted as such without a detector.
_FLAGS = [flag for flag in Flag if flag in SHOWN and flag != Flag.FAILED]
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        *_COUNTED,
        *(
            Measure(
                str(flag.name).lower(), f"share of {_FOUND[str(flag.name).lower()]}", Shape.SHARE, Unit.SHARE,
                Source.FINDINGS, floor=_LEAST_SHARE, flag=flag,
            )
            for flag in _FLAGS
        ),
    )
}  # fmt: skip
