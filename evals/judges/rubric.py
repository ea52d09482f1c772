"""Several yes-or-no questions about an answer, each with its weight and a quote as evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, Question
from evals.judges import asking, reading, settings

FEWEST, MOST = 3, 7
USUAL_SHARE = 0.8
MAX_NAME = 80
MAX_DEFINITION = 500
MAX_WEIGHT = 10.0
_TASK = """\
Judge the ANSWER by the criteria below, each on its own: what one says is no reason for another. INPUT, CONTEXT and REFERENCE, \
where they are given, are what the answer was made from and what was expected.

For each criterion, judge_quote is the passage of the ANSWER that decided it, judge_reason one sentence, and judge_verdict is
- yes: the answer clearly meets the criterion;
- no: it does not, or only in part.

Criteria:
"""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A question that «yes» is the good answer to."""

    name: str
    definition: str
    weight: float = 1.0

    @classmethod
    def of(cls, found: Any) -> Criterion:
        if not isinstance(found, Mapping):
            raise EvaluatorRefused("A criterion has a name, a definition and a weight.")
        name, definition = settings.words(found, "name"), settings.words(found, "definition")
        if not name or "\n" in name or len(name) > MAX_NAME:
            raise EvaluatorRefused(f"Give every criterion a name of one line, at most {MAX_NAME} characters.")
        if not definition:
            raise EvaluatorRefused(
                f"Say in one sentence when «{name}» is met. Judges agree with people only on what is defined."
            )  # fmt: skip
        if len(definition) > MAX_DEFINITION:
            raise EvaluatorRefused(
                f"The definition of «{name}» is longer than {MAX_DEFINITION} characters. Shorten it."
            )
        return cls(name, definition, _weight(found.get("weight", 1.0), name))

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "definition": self.definition, "weight": self.weight}


@dataclass(frozen=True, slots=True)
class Rubric:
    """The weighted share of criteria that are met; the answer passes from `at_least` up."""

    connection_id: int
    model: str
    criteria: tuple[Criterion, ...]
    at_least: float = USUAL_SHARE
    compares: ClassVar[bool] = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Rubric:
        settings.refuse_unknown(found, ("connection_id", "model", "criteria", "at_least"))
        raw = found.get("criteria", ())
        if not isinstance(raw, list | tuple) or not FEWEST <= len(raw) <= MOST:
            raise EvaluatorRefused(
                f"A rubric has {FEWEST} to {MOST} criteria: with fewer one mood decides, with more a judge loses its way."
            )  # fmt: skip
        criteria = tuple(Criterion.of(one) for one in raw)
        if len({one.name.casefold() for one in criteria}) < len(criteria):
            raise EvaluatorRefused("Two criteria have the same name. Give each its own.")
        return cls(*settings.who(found), criteria, settings.share(found, "at_least", USUAL_SHARE))

    def questions(self, case: Case) -> Sequence[Question]:
        lines = [f"{key}: {one.name}. {_one_line(one.definition)}" for key, one in self._keyed()]
        texts = [*asking.given(case), (asking.ANSWER, case.output)]
        if case.expected:
            texts.insert(-1, (asking.REFERENCE, case.expected))
        return [asking.question(model=self.model, task=_TASK + "\n".join(lines), texts=texts, form=self._form())]

    def read(self, case: Case, answers: Sequence[str]) -> Outcome:
        found = reading.answer(reading.only(answers), asking.closed(self._form()))
        rows, met = [], 0.0
        for key, one in self._keyed():
            said = reading.verdict(found[key], quoted_from=case.output)
            met += one.weight * (said.verdict == "yes")
            rows.append({**one.to_json(), **said.to_json()})
        value = met / sum(one.weight for one in self.criteria)
        return Outcome(value, value >= self.at_least - 1e-9, _why(rows), {"criteria": rows})

    def _keyed(self) -> list[tuple[str, Criterion]]:
        return [(f"criterion_{number}", one) for number, one in enumerate(self.criteria, start=1)]

    def _form(self) -> dict[str, Any]:
        return {key: asking.closed(asking.one_of("yes", "no")) for key, _ in self._keyed()}


def _why(rows: Sequence[Mapping[str, Any]]) -> str:
    missed = [f"«{row['name']}»" for row in rows if row["verdict"] == "no"]
    if not missed:
        return f"All {len(rows)} criteria are met."
    return f"{len(rows) - len(missed)} of {len(rows)} criteria are met; not {', '.join(missed)}."


def _weight(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= MAX_WEIGHT:
        raise EvaluatorRefused(f"The weight of «{name}» is a number above 0 and up to {MAX_WEIGHT:g}.")
    return float(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
