"""Every kind of judge: its name on screen, what it looks at, and how its settings become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.evaluators.cases import ModelEvaluator
from evals.judges.better import Better
from evals.judges.feedback import Feedback
from evals.judges.own_words import OwnWords
from evals.judges.reference import Reference
from evals.judges.rubric import Rubric


@dataclass(frozen=True, slots=True)
class JudgeKind:
    """One kind of judge. `calls` says how often it asks for one answer."""

    title: str
    explanation: str
    make: Callable[[Mapping[str, Any]], ModelEvaluator]
    needs_expected: bool = False
    compares: bool = False
    calls: int = 1


OWN_WORDS, RUBRIC, REFERENCE, BETTER, FEEDBACK = (
    "judge own words", "judge rubric", "judge reference", "judge better", "judge feedback"
)  # fmt: skip
JUDGES: Mapping[str, JudgeKind] = {
    OWN_WORDS: JudgeKind(
        "Meets a criterion of yours", "You say in plain words what makes an answer good; a model says yes or no, with a quote.",
        OwnWords.of,
    ),
    RUBRIC: JudgeKind(
        "Meets a list of criteria", "Three to seven yes-or-no questions with weights, each answered with a quote.", Rubric.of,
    ),
    REFERENCE: JudgeKind(
        "Says what is expected", "Compares with the expected answer in whatever words: correct, partly or wrong.",
        Reference.of, needs_expected=True,
    ),
    BETTER: JudgeKind(
        "Which answer is better", "Compares with the first column, in both orders; only what survives the swap counts.",
        Better.of, compares=True, calls=2,
    ),
    FEEDBACK: JudgeKind(
        "Takes a user's feedback in", "Whether the new answer does what a user asked for in feedback on the old one.",
        Feedback.of,
    ),
}  # fmt: skip


def build(kind: str, settings: Mapping[str, Any]) -> ModelEvaluator:
    """Return the judge with these settings, or raise EvaluatorRefused with what to change."""
    return JUDGES[kind].make(settings)
