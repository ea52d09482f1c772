"""What an evaluator gets to see, and what it says about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from evals.errors import CannotJudge
from prompt_registry.providers.values import ModelSettings


@dataclass(frozen=True, slots=True)
class Case:
    """One answer with what it was asked, and what was expected where somebody said so."""

    output: str
    expected: str | None = None
    context: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    # What column 0 answered, for evaluators that compare.
    rival: str | None = None
    # What is noted beside the item: its metadata, as texts.
    notes: Mapping[str, str] = field(default_factory=dict)

    def demand_expected(self) -> str:
        """Return the expected output, or raise CannotJudge."""
        if self.expected is None:
            raise CannotJudge("The item has no expected output, and this check compares with it. Add one to the item.")
        return self.expected

    def noted(self, name: str) -> str:
        """Return what is noted on the item under a name, or filled in under it; empty when nothing is."""
        return (self.notes.get(name) or self.inputs.get(name, "")).strip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """From 0 (bad) to 1 (good), whether that passes, and one sentence that says why."""

    value: float
    passed: bool
    why: str
    # What a judge said in full; JSON.
    detail: Mapping[str, Any] = field(default_factory=dict)


class QuickEvaluator(Protocol):
    """Judges one answer without asking a model; raises CannotJudge when it cannot."""

    def judge(self, case: Case) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a judge wants to know from a model."""

    messages: Sequence[Mapping[str, Any]]
    settings: ModelSettings


class ModelEvaluator(Protocol):
    """Judges one answer with the word of a model; whoever runs it asks the questions, in any order.

    `questions` may differ from call to call (delimiters are random); `read` gets the answers in the order of the
    questions and raises CannotJudge for any that is not what was asked for.
    """

    @property
    def connection_id(self) -> int: ...

    @property
    def model(self) -> str: ...

    @property
    def compares(self) -> bool:
        """Whether the answer is compared with that of column 0."""

    def questions(self, case: Case) -> Sequence[Question]: ...

    def read(self, case: Case, answers: Sequence[str]) -> Outcome: ...


def as_model_evaluator(evaluator: QuickEvaluator | ModelEvaluator | None) -> ModelEvaluator | None:
    """Return the evaluator when it asks a model, else nothing."""
    return cast(ModelEvaluator, evaluator) if hasattr(evaluator, "questions") else None


def as_quick_evaluator(evaluator: QuickEvaluator | ModelEvaluator | None) -> QuickEvaluator | None:
    """Return the evaluator when it judges without a model, else nothing."""
    return cast(QuickEvaluator, evaluator) if hasattr(evaluator, "judge") else None


def yes_or_no(passed: bool, why: str) -> Outcome:
    """Return the outcome of a check that knows only good and bad."""
    return Outcome(1.0 if passed else 0.0, passed, why)
