"""Answers that machines read: JSON, and whether it follows a schema; with patterns run by RE2 and nothing fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import re2
from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from monitoring.detectors.findings import NOTHING, Evidence, Finding

MAX_ANSWER_BYTES = 1024 * 1024
_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?```\s*\Z", re.DOTALL)
_SURE = 0.95


class PatternRefused(ValueError):
    """A pattern of the schema cannot be run."""


def follows(output: str, validator: Validator) -> Finding:
    """Tell whether an answer is no JSON, or not what the schema demands."""
    try:
        value = orjson.loads(without_fence(output[:MAX_ANSWER_BYTES]).encode("utf-8", "replace"))
        wrong = next(validator.iter_errors(value), None)
    except orjson.JSONDecodeError as error:
        return _wrong(output, f"is not JSON: {str(error)[:120]}")
    except (PatternRefused, Unresolvable, RecursionError):
        return NOTHING
    return NOTHING if wrong is None else _wrong(output, explained(wrong))


def validator_for(schema: Mapping[str, Any]) -> Validator | None:
    """Return what checks answers against a schema, None when that is no schema: then no answer is to blame."""
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return None
    return validator_of(schema)


def validator_of(schema: Mapping[str, Any]) -> Validator:
    """Return what checks values against a schema that was found to be one."""
    found: Validator = _Careful(schema, registry=Registry())
    return found


def without_fence(text: str) -> str:
    """Return the answer without the Markdown fence that models like to put around JSON."""
    match = _FENCE.match(text)
    return match[1] if match else text


def explained(wrong: ValidationError) -> str:
    """Return what is wrong and where, as a sentence."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.absolute_path)
    return f"At {place.lstrip('.')[:120] or 'the top'}: {wrong.message[:200]}."


def _wrong(output: str, why: str) -> Finding:
    return Finding(_SURE, is_flagged=True, evidence=(Evidence(0, len(output), why),))


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
        raise PatternRefused(f"The pattern {pattern[:80]!r} of the schema cannot be run (RE2).") from error


_Careful = validators.extend(
    Draft202012Validator, {"pattern": _pattern, "patternProperties": _pattern_properties}
)  # fmt: skip
