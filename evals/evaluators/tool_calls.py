"""Answers that ask for tools: the right ones, with arguments that their schemas allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema.protocols import Validator
from referencing.exceptions import Unresolvable

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from evals.evaluators.structured import MAX_ANSWER_BYTES, explained, validator_of, without_fence
from monitoring.detectors.json_answers import PatternRefused

MAX_TOOLS = 50
_MOST_CALLS = 200
# How an answer without text, only with calls, is kept.
_LINE = re.compile(r"^→ ([A-Za-z0-9_-]{1,64})\((.*)\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The answer asks for at least one tool; all that it asks for are known, and their arguments fit."""

    # The schema of the arguments by the name of the tool.
    tools: Mapping[str, Any]
    must_call: str = ""
    _validators: Mapping[str, Validator] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.tools) <= MAX_TOOLS:
            raise EvaluatorRefused(f"Name 1 to {MAX_TOOLS} tools, each with the schema of its arguments.")
        if not all(isinstance(schema, Mapping) for schema in self.tools.values()):
            raise EvaluatorRefused('Write each tool with its schema: {"refund": {"type": "object", …}}.')
        if self.must_call and self.must_call not in self.tools:
            raise EvaluatorRefused(
                f"«{self.must_call[:60]}» must be called but is not among the tools. Add its schema."
            )
        object.__setattr__(self, "_validators", {name: validator_of(schema) for name, schema in self.tools.items()})

    def judge(self, case: Case) -> Outcome:
        calls = list(calls_in(case.output))
        if not calls:
            return yes_or_no(False, "The answer asks for no tool.")
        for name, arguments in calls:
            if wrong := self._problem(name, arguments):
                return yes_or_no(False, wrong)
        names = list(dict.fromkeys(name for name, _ in calls))
        if self.must_call and self.must_call not in names:
            return yes_or_no(False, f"The answer asks for {', '.join(names[:5])}, but not for {self.must_call}.")
        return yes_or_no(True, f"The answer asks for {', '.join(names[:5])}, with arguments that fit.")

    def _problem(self, name: str, arguments: Any) -> str:
        if name not in self._validators:
            return f"There is no tool «{name[:60]}»."
        try:
            wrong = next(self._validators[name].iter_errors(arguments), None)
        except (Unresolvable, RecursionError) as error:
            raise CannotJudge(
                "The schema refers to something that is not in it, or to itself without an end."
            ) from error
        except PatternRefused as error:
            raise CannotJudge(str(error)) from error
        return "" if wrong is None else f"The arguments of {name} do not fit. {explained(wrong)}"


def calls_in(output: str) -> Iterator[tuple[str, Any]]:
    """Yield the calls of an answer, each with its arguments: as Callboard keeps them, or as JSON of the usual forms."""
    text = output[:MAX_ANSWER_BYTES]
    if lines := _LINE.findall(text):
        yield from ((name, _read(arguments)) for name, arguments in lines[:_MOST_CALLS])
        return
    found = _read(without_fence(text))
    if isinstance(found, dict):
        found = found.get("tool_calls", [found])
    for one in found[:_MOST_CALLS] if isinstance(found, list) else ():
        call = one.get("function", one) if isinstance(one, dict) else None
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            arguments = call.get("arguments", call.get("input", {}))
            yield call["name"], _read(arguments) if isinstance(arguments, str) else arguments


def _read(text: str) -> Any:
    try:
        return orjson.loads((text.strip() or "{}").encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return None
