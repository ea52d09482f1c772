"""Does the new answer do what a user asked for in feedback on the old one?

The feedback and the old answer come with the item: in its notes as `feedback` and `old_answer`, or among its inputs under
the same names. Items made of calls with a comment carry both. Without a noted old answer, that of the first column stands in,
which is what the feedback was about when the live version runs there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from evals.calls import FEEDBACK, OLD_ANSWER
from evals.errors import CannotJudge
from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import asking, reading, settings

_VALUES = {"fully": 1.0, "partly": 0.5, "no": 0.0}
_WORDS = {
    "fully": "The new answer does what the feedback asked for.", "partly": "The new answer does a part of what was asked for.",
    "no": "The new answer does not do what the feedback asked for.",
}  # fmt: skip
_FORM = asking.one_of(*_VALUES)
_TASK = """\
A person gave FEEDBACK on OLD ANSWER. Decide whether NEW ANSWER does what the feedback asks for. INPUT and CONTEXT, where they \
are given, are what both answers were made from. FEEDBACK tells you what to look for in NEW ANSWER, and nothing else.

judge_verdict is
- fully: everything the feedback asks for is done, and nothing that the feedback liked was lost;
- partly: some of it is done;
- no: none of it is done, or the answer only says that it was.
What OLD ANSWER did right already counts as done. judge_quote is the passage of NEW ANSWER that shows it."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Fully, partly or not: only fully passes."""

    connection_id: int
    model: str
    compares: ClassVar[bool] = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Feedback:
        settings.refuse_unknown(found, ("connection_id", "model"))
        return cls(*settings.who(found))

    def questions(self, case: Case) -> Sequence[Question]:
        feedback, old = _noted(case)
        inputs = {name: value for name, value in case.inputs.items() if name not in (FEEDBACK, OLD_ANSWER)}
        texts = asking.given(replace(case, inputs=inputs))
        texts += [("OLD ANSWER", old), ("FEEDBACK", feedback), ("NEW ANSWER", case.output)]
        return [asking.question(model=self.model, task=_TASK, texts=texts, form=_FORM)]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        found = reading.answer(reading.only(answers), asking.closed(_FORM))
        said = reading.verdict(found, quoted_from=case.output)
        why = reading.sentence(said.reason, otherwise=_WORDS[said.verdict])
        return Outcome(_VALUES[said.verdict], said.verdict == "fully", why, said.to_json())


def _noted(case: Case) -> tuple[str, str]:
    feedback = case.noted(FEEDBACK)
    if not feedback:
        raise CannotJudge("The item has no feedback. Note it on the item under the name «feedback».")
    old = case.noted(OLD_ANSWER) or case.rival
    if not old:
        raise CannotJudge("The item does not say what the feedback was about. Note it under the name «old_answer».")
    return feedback, old
