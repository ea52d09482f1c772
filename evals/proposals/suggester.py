"""Asks for suggestions the way a judge is asked: with its price set aside first, and settled afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import reading

NOTHING = Case(output="")
ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Suggester:
    """Asks one question, and returns the answer as it is; reading it is for somebody else."""

    connection_id: int
    asked: Question
    compares: ClassVar[bool] = False

    @property
    def model(self) -> str:
        return self.asked.settings.model

    def questions(self, case: Case) -> Sequence[Question]:
        return [self.asked]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        return Outcome(1.0, True, "", {ANSWER: reading.only(answers)})
