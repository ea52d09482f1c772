"""Which of two answers is better? Asked in both orders: only a verdict that survives the swap counts, all else is a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evals.errors import CannotJudge
from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import asking, reading, settings

FIRST, SECOND, SAME = "first", "second", "same"
_FORM = asking.one_of(FIRST, SECOND, SAME)
_TASK = """\
Two answers to the same input were written independently. Decide which of them is better. INPUT, CONTEXT and REFERENCE, where \
they are given, are what the answers were made from and what was expected. The order of the answers means nothing, and a \
longer answer is not better for its length.

judge_verdict is
- first: FIRST ANSWER is better;
- second: SECOND ANSWER is better;
- same: neither is clearly better.
judge_quote is the passage of either answer that decided it."""
_USUAL = "Which answer helps the person more: right, complete as far as it matters, and clear."
_SENTENCES = {1.0: "Better in both orders.", 0.0: "Worse in both orders."}


@dataclass(frozen=True, slots=True)
class Better:
    """1 when this answer is better than column 0's in both orders, 0 when it is worse in both, ½ for a tie.

    An answer passes that is not worse. `detail` holds both orders as seen from this answer (`better`, `worse`, `same`),
    whether they agree, which place was favoured when they do not, and how long this answer is compared with the other.
    """

    connection_id: int
    model: str
    # What «better» means, in the words of the person who made the check.
    aspect: str = ""
    compares: ClassVar[bool] = True

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Better:
        settings.refuse_unknown(found, ("connection_id", "model", "aspect"))
        return cls(*settings.who(found), aspect=settings.words(found, "aspect"))

    def questions(self, case: Case) -> Sequence[Question]:
        rival = _rival(case)
        return [self._question(case, case.output, rival), self._question(case, rival, case.output)]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        if len(answers) != 2:
            raise CannotJudge(f"A comparison is asked in both orders, and {len(answers)} answers came.")
        rival, schema = _rival(case), asking.closed(_FORM)
        both = [
            reading.verdict(reading.answer(text, schema), quoted_from=f"{case.output}\n{rival}") for text in answers
        ]
        seen = [_seen(both[0].verdict, ours=FIRST), _seen(both[1].verdict, ours=SECOND)]
        value = {"better": 1.0, "worse": 0.0}.get(seen[0], 0.5) if seen[0] == seen[1] else 0.5
        detail = {
            "orders": [{**said.to_json(), "seen": one} for said, one in zip(both, seen, strict=True)],
            "is_consistent": seen[0] == seen[1],
            "favoured": both[0].verdict if both[0].verdict == both[1].verdict != SAME else "",
            "length_ratio": len(case.output) / max(1, len(rival)),
        }
        return Outcome(value, value >= 0.5, _why(value, seen, both), detail)

    def _question(self, case: Case, first: str, second: str) -> Question:
        texts = asking.given(case)
        if case.expected:
            texts.append((asking.REFERENCE, case.expected))
        texts += [("FIRST ANSWER", first), ("SECOND ANSWER", second)]
        task = f"{_TASK}\n\nWhat better means here: {self.aspect or _USUAL}"
        return asking.question(model=self.model, task=task, texts=texts, form=_FORM)


def _rival(case: Case) -> str:
    if case.rival is None:
        raise CannotJudge("There is no other answer to compare with.")
    return case.rival


def _seen(verdict: str, *, ours: str) -> str:
    if verdict == SAME:
        return "same"
    return "better" if verdict == ours else "worse"


def _why(value: float, seen: Sequence[str], both: Sequence[reading.Verdict]) -> str:
    if value in _SENTENCES:
        return f"{_SENTENCES[value]} {reading.sentence(both[0].reason, otherwise='')}".strip()
    if seen[0] == seen[1]:
        return "A tie: neither is better, in both orders."
    return "Counts as a tie: the judge changed its mind when the order was swapped."
