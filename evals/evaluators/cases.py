"""What an evaluator gets to see, and what it says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from evals.errors import CannotJudge


@dataclass(frozen=True, slots=True)
class Case:
    """One answer with what it was asked, and what was expected where somebody said so."""

    output: str
    expected: str | None = None
    context: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    def demand_expected(self) -> str:
        """Return the expected output, or raise CannotJudge."""
        if self.expected is None:
            raise CannotJudge("The item has no expected output, and this check compares with it. Add one to the item.")
        return self.expected


@dataclass(frozen=True, slots=True)
class Outcome:
    """From 0 (bad) to 1 (good), whether that passes, and one sentence that says why."""

    value: float
    passed: bool
    why: str


class Evaluator(Protocol):
    """Judges one answer; raises CannotJudge when it cannot."""

    def judge(self, case: Case) -> Outcome: ...


def yes_or_no(passed: bool, why: str) -> Outcome:
    """Return the outcome of a check that knows only good and bad."""
    return Outcome(1.0 if passed else 0.0, passed, why)
