"""Checks of answers that machines read: numbers and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import re2
from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no
from prompt_registry import json_schemas

MAX_SCHEMA_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?```\s*\Z", re.DOTALL)


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
    found: Validator = _Careful(schema, registry=Registry())
    return found


def without_fence(text: str) -> str:
    """Return the answer without the Markdown fence that models like to put around JSON."""
    match = _FENCE.match(text)
    return match[1] if match else text


def _number(text: str) -> float | None:
    found = _NUMBER.findall(text[:MAX_ANSWER_BYTES])
    return float(found[-1].replace(",", "")) if found else None


def explained(wrong: ValidationError) -> str:
    """Return what is wrong and where, as a sentence."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.absolute_path)
    return f"At {place.lstrip('.')[:120] or 'the top'}: {wrong.message[:200]}."


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _searches(pattern, instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern[:80]!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for pattern, below in patterns.items():
            for name, value in instance.items():
                if _searches(pattern, name):
                    yield from validator.descend(value, below, path=name, schema_path=pattern)


def _searches(pattern: str, text: str) -> bool:
    options = re2.Options()
    options.max_mem, options.log_errors = 8 << 20, False
    try:
        return re2.compile(pattern, options).search(text) is not None
    except re2.error as error:
        raise CannotJudge(f"The pattern {pattern[:80]!r} of the schema cannot be run (RE2).") from error


_Careful = validators.extend(
    Draft202012Validator, {"pattern": _pattern, "patternProperties": _pattern_properties}
)  # fmt: skip
