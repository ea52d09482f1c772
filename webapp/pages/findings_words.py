"""The words for what was found in calls: titles, how sure, and what people said about it."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.analysis import flagged
from monitoring.analysis.models import MarkVerdict
from monitoring.detectors.catalogue import DETECTORS

# What does harm, or went wrong for certain, is drawn stronger than what is a matter of taste.
_GRAVE = frozenset({
    "failed", "empty", "toxic", "injection", "hidden_instruction", "leaked_data", "bad_format", "contradicted",
})  # fmt: skip
VERDICTS = {
    MarkVerdict.RIGHT: "said that this is right", MarkVerdict.WRONG: "said that this is not a problem",
    MarkVerdict.MISSED: "said that this was missed",
}  # fmt: skip
_SURENESS = ((0.95, "almost certain"), (0.8, "quite sure"), (0.5, "likely"), (0.0, "possible"))


def title(detector: str) -> str:
    """Return how a finding is called on screen."""
    known = DETECTORS.get(detector)
    return known.title if known else detector.replace("_", " ").capitalize()


def explanation(detector: str) -> str:
    """Return what a finding means, in one sentence."""
    known = DETECTORS.get(detector)
    return known.explanation if known else ""


def kind(detector: str) -> str:
    """Return the kind of badge that a finding is shown with."""
    return "bad" if detector in _GRAVE else "warn"


def badges(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the titles of findings, each with the kind of its badge."""
    return [(title(name), kind(name)) for name in names]


def sureness(probability: float | None) -> str:
    """Return how sure a detector was, in words."""
    if probability is None:
        return ""
    return next(words for least, words in _SURENESS if probability >= least)


def filter_choices() -> list[tuple[str, str]]:
    """Return what a list of calls can be narrowed to."""
    return [("", "Findings or none"), (flagged.ANY, "Any finding"), *((name, title(name)) for name in flagged.NAMES)]


def filter_words(flag: str) -> str:
    """Return what a list of calls is narrowed to, in lower case."""
    return dict(filter_choices()).get(flag, flag).lower()
