"""Every detector: its name in the database, how it is called on screen, and which version of it speaks.

A version changes whenever the same text may get another answer, so that stored findings can be told apart and made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector; `explanation` says in one sentence what a flag means, for people who never saw its code."""

    name: str
    title: str
    explanation: str
    version: str


DETECTORS: Mapping[str, Detector] = {
    detector.name: detector
    for detector in (
        Detector("refusal", "Refused or dodged", "The answer declines, helps only in part, or avoids the question.", "1"),
        Detector(
            "groundedness", "Possibly unsupported",
            "A sentence says something that the documents given to the model do not say.", "1",
        ),
        Detector(
            "injection", "Attempt to take over the model",
            "A user or a document tries to override the instructions of the prompt.", "1",
        ),
        Detector("toxicity", "Hateful or insulting", "The text attacks people or groups of people.", "1"),
        Detector("long_winded", "Long-winded", "The answer is far longer than this prompt usually gives.", "1"),
        Detector("repetition", "Repeats itself", "The answer says the same again and again.", "1"),
        Detector("latency", "Slow", "The call took far longer than calls with answers of about the same length.", "1"),
        Detector("error", "Failed", "The call ended in an error, was cut off, or was stopped by a filter.", "1"),
    )
}  # fmt: skip
