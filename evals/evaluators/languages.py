"""Whether an answer is in the language that it should be in."""

from __future__ import annotations

from dataclasses import dataclass

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from monitoring.detectors.languages import NAMES, language_of

__all__ = ["NAMES", "SpokenIn", "language_of"]


@dataclass(frozen=True, slots=True)
class SpokenIn:
    """The answer is in this language, or in that of the input when none is named."""

    language: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in NAMES:
            raise EvaluatorRefused(f"Choose a language: {', '.join(NAMES)}, or none for that of the input.")

    def judge(self, case: Case) -> Outcome:
        found = language_of(case.output)
        if found is None:
            raise CannotJudge("The answer is too short to tell its language.")
        wanted = self.language or _asked_in(case)
        said = f"The answer is in {found.name}"
        is_right = found.code == wanted
        return yes_or_no(is_right, f"{said}." if is_right else f"{said}, not in {NAMES[wanted]}.")


def _asked_in(case: Case) -> str:
    # The longest text is what the person wrote; the others are settings such as a tone.
    asked = max(case.inputs.values(), key=len, default="")
    found = language_of(asked)
    if found is None:
        raise CannotJudge("The input is too short to tell which language the answer should be in. Choose a language.")
    return found.code
