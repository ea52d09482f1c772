"""Is the answer right, compared with the expected one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import asking, reading, settings

_VALUES = {"correct": 1.0, "partly": 0.5, "wrong": 0.0}
_WORDS = {
    "correct": "The answer says what is expected.", "partly": "The answer says only a part of what is expected.",
    "wrong": "The answer does not say what is expected.",
}  # fmt: skip
_FORM = asking.one_of(*_VALUES)
_TASK = """\
Compare the ANSWER with the REFERENCE, which is right. INPUT and CONTEXT, where they are given, are what the answer was made from.

judge_verdict is
- correct: everything that matters in the reference is in the answer, in whatever words, and nothing in the answer contradicts it;
- partly: something that matters is missing, but nothing contradicts the reference;
- wrong: the answer contradicts the reference, does not answer, or misses the point.
judge_quote is the passage of the ANSWER that decided it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Compares with the expected answer in whatever words; partly right does not pass."""

    connection_id: int
    model: str
    # What matters and what does not, in the words of the person who made the check.
    hint: str = ""
    compares: ClassVar[bool] = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Reference:
        settings.refuse_unknown(found, ("connection_id", "model", "hint"))
        return cls(*settings.who(found), hint=settings.words(found, "hint"))

    def questions(self, case: Case) -> Sequence[Question]:
        task = f"{_TASK}\n\nWhat matters here: {self.hint}" if self.hint else _TASK
        texts = [*asking.given(case), (asking.REFERENCE, case.demand_expected()), (asking.ANSWER, case.output)]
        return [asking.question(model=self.model, task=task, texts=texts, form=_FORM)]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        found = reading.answer(reading.only(answers), asking.closed(_FORM))
        said = reading.verdict(found, quoted_from=case.output)
        why = reading.sentence(said.reason, otherwise=_WORDS[said.verdict])
        return Outcome(_VALUES[said.verdict], said.verdict == "correct", why, said.to_json())
