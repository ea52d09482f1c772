"""Every detector: its name in the database, how it is called on screen, and which version of it speaks.

A name is that of a flag in lower case. A version changes whenever the same call may get another answer, so that stored findings
can be told apart and made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from monitoring.detectors import models

# Detectors without learnt weights say how far beyond their rule a call is: at one half it is on the line.
_ON_THE_LINE = 0.5


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector; `explanation` says in one sentence what a flag means, for people who never saw its code."""

    name: str
    title: str
    explanation: str
    version: str
    # The learnt weights whose threshold is shipped with them.
    weights: str = ""


DETECTORS: Mapping[str, Detector] = {
    detector.name: detector
    for detector in (
        Detector(
            "refused", "Refused or dodged", "The answer declines, helps only in part, or avoids the question.", "2",
            "refusal",
        ),
        Detector(
            "unsupported", "Possibly unsupported",
            "A sentence says something that the documents given to the model do not say.", "3", "groundedness",
        ),
        Detector(
            "contradicted", "Contradicts the expected answer",
            "The answer says the opposite of what the call was expected to answer, or another number.", "1",
        ),
        Detector(
            "injection", "Attempt to take over the model",
            "The user tries to override the instructions of the prompt.", "3", "injection_user",
        ),
        Detector(
            "hidden_instruction", "Instruction hidden in a document",
            "A document or the result of a tool gives orders to the model that reads it.", "2", "injection_document",
        ),
        Detector("toxic", "Hateful or insulting", "The text attacks people or groups of people.", "2", "toxicity"),
        Detector(
            "leaked_data", "Gives away personal data",
            "The answer holds an address, a number or a key that the model was not given with the question.", "1",
        ),
        Detector("failed", "Failed", "The call, or a tool that it used, ended in an error.", "2"),
        Detector("empty", "Empty", "The answer holds no words and calls no tool.", "1"),
        Detector("cut_off", "Cut off", "The answer stopped because it reached the most tokens it may have.", "1"),
        Detector(
            "wrong_language", "Wrong language", "The answer is in another language than the question.", "1",
        ),
        Detector(
            "bad_format", "Wrong form", "The answer does not follow the JSON schema that its prompt demands.", "1",
        ),
        Detector("repeated", "Repeats itself", "The answer says the same again and again.", "2"),
        Detector("long_winded", "Long-winded", "The answer is far longer than this prompt usually gives.", "2"),
        Detector(
            "slow", "Slow",
            "The call took far longer than calls of its prompt and model with answers of about the same length.", "2",
        ),
        Detector(
            "late_start", "Late start", "The first words came far later than this prompt and model usually begin.", "1",
        ),
        Detector("frustrated", "User is frustrated", "The user complains about the answer that came before.", "1"),
        Detector(
            "asked_again", "Asked again", "The user asks for the same in other words within ten minutes.", "1",
        ),
    )
}  # fmt: skip


@cache
def version() -> str:
    """Return one short word for the versions of all detectors together."""
    told = "\n".join(f"{detector.name} {detector.version}" for detector in DETECTORS.values())
    return sha256(told.encode()).hexdigest()[:12]


def shipped_threshold(name: str) -> float:
    """Return from which probability on a call is flagged when the project did not choose otherwise."""
    weights = DETECTORS[name].weights
    return models.load(weights).threshold if weights else _ON_THE_LINE
