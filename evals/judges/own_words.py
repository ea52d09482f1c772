"""One question in the words of the person who made the check; «yes» is good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import asking, reading, settings

_FORM = asking.one_of("yes", "no")
_TASK = """\
Judge the ANSWER by the one criterion below. INPUT, CONTEXT and REFERENCE, where they are given, are what the answer was made \
from and what was expected.

judge_verdict is
- yes: the answer clearly meets the criterion;
- no: it does not, or only in part.
judge_quote is the passage of the ANSWER that decided it.

The criterion:
"""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The answer passes when the judge says that it meets the criterion."""

    connection_id: int
    model: str
    criterion: str
    compares: ClassVar[bool] = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> OwnWords:
        settings.refuse_unknown(found, ("connection_id", "model", "criterion"))
        missing = "Say what makes an answer good, such as «It names the next step and who does it»."
        return cls(*settings.who(found), settings.words(found, "criterion", missing=missing))

    def questions(self, case: Case) -> Sequence[Question]:
        texts = [*asking.given(case), (asking.ANSWER, case.output)]
        if case.expected:
            texts.insert(-1, (asking.REFERENCE, case.expected))
        return [asking.question(model=self.model, task=_TASK + self.criterion, texts=texts, form=_FORM)]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        found = reading.answer(reading.only(answers), asking.closed(_FORM))
        said = reading.verdict(found, quoted_from=case.output)
        is_good = said.verdict == "yes"
        otherwise = "The answer meets the criterion." if is_good else "The answer does not meet the criterion."
        return Outcome(float(is_good), is_good, reading.sentence(said.reason, otherwise=otherwise), said.to_json())
