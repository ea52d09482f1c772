"""Checks of answers that machines read: numbers and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from referencing.exceptions import Unresolvable

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from monitoring.detectors import json_answers
from monitoring.detectors.json_answers import MAX_ANSWER_BYTES, PatternRefused, explained, without_fence
from prompt_registry import json_schemas

__all__ = ["MAX_ANSWER_BYTES", "Json", "Number", "explained", "validator_of", "without_fence"]

MAX_SCHEMA_BYTES = 64 * 1024
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """The last number of the answer is the expected one, give or take."""

    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < 1e12:
            raise EvaluatorRefused("The tolerance is a number from 0 up, in the unit of the answer.")

    def judge(self, case: Case) -> Outcome:
        expected, found = _number(case.demand_expected()), _number(case.output)
        if expected is None:
            raise CannotJudge("The expected output holds no number to compare with.")
        if found is None:
            return yes_or_no(False, "The answer holds no number.")
        is_near = abs(found - expected) <= self.tolerance + 1e-9 * abs(expected)
        return yes_or_no(is_near, f"The answer says {found:g}, expected is {expected:g}.")


@dataclass(frozen=True, slots=True)
class Json:
    """The answer is JSON, and follows the schema when there is one (JSON Schema 2020-12, no references to other places)."""

    schema: Mapping[str, Any] | None = None
    _validator: Validator | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_validator", None if self.schema is None else validator_of(self.schema))

    def judge(self, case: Case) -> Outcome:
        if len(case.output) > MAX_ANSWER_BYTES:
            return yes_or_no(False, "The answer is too long to be read as JSON.")
        try:
            value = orjson.loads(without_fence(case.output).encode("utf-8", "replace"))
        except orjson.JSONDecodeError as error:
            return yes_or_no(False, f"The answer is not JSON: {str(error)[:120]}.")
        if self._validator is None:
            return yes_or_no(True, "The answer is JSON.")
        try:
            wrong = next(self._validator.iter_errors(value), None)
        except (Unresolvable, RecursionError) as error:
            raise CannotJudge(
                "The schema refers to something that is not in it, or to itself without an end."
            ) from error
        except PatternRefused as error:
            raise CannotJudge(str(error)) from error
        return yes_or_no(wrong is None, "The answer follows the schema." if wrong is None else explained(wrong))


def validator_of(schema: Mapping[str, Any]) -> Validator:
    """Return what checks values against the schema, with patterns run by RE2 and nothing fetched from elsewhere."""
    try:
        size = len(orjson.dumps(schema))
    except orjson.JSONEncodeError as error:
        raise EvaluatorRefused(
            "The schema holds a value that JSON cannot carry, such as a very large number."
        ) from error
    if size > MAX_SCHEMA_BYTES:
        raise EvaluatorRefused("The schema is longer than 64 KiB. Leave out what the check does not need.")
    try:
        Draft202012Validator.check_schema(schema)
    except RecursionError as error:
        raise EvaluatorRefused("The schema is nested too deeply. Leave out what the check does not need.") from error
    except SchemaError as error:
        # The editor's words for it, where it has any, say the place and what to write there.
        flaw = json_schemas.flaw_of(schema)
        raise EvaluatorRefused(f"This is no JSON Schema: {flaw.words if flaw else error.message:.200}") from error
    return json_answers.validator_of(schema)


def _number(text: str) -> float | None:
    found = _NUMBER.findall(text[:MAX_ANSWER_BYTES])
    return float(found[-1].replace(",", "")) if found else None
