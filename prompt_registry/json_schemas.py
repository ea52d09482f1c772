"""Looks over a JSON schema and names the first thing in it that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prompt_registry.json_flaws import Flaw, Path

_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_SCHEMAS = frozenset(
    "additionalProperties additionalItems contains else if items not propertyNames then unevaluatedItems unevaluatedProperties".split()
)
_LISTS_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_COUNTS = frozenset("minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains".split())
_TEXTS = frozenset({"title", "description", "format", "pattern", "$id", "$schema", "$comment", "$anchor"})


def flaw_of(schema: Mapping[str, Any], path: Path = ()) -> Flaw | None:
    """Return the first flaw of a schema that stands at the path, or None when it is sound.

    Providers that want a name around the schema get it as `{"name": …, "schema": {…}}`.
    """
    inner = schema.get("schema")
    if isinstance(inner, Mapping):
        schema, path = inner, (*path, "schema")
    return next(_flaws(schema, path, schema), None)


def _flaws(schema: object, path: Path, root: Mapping[str, Any]) -> Iterator[Flaw]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield Flaw(path, "write a schema here: an object in curly braces.")
        return
    for name, value in schema.items():
        yield from _entry_flaws(name, value, (*path, name), root)
    required, properties = schema.get("required", []), schema.get("properties", {})
    if schema.get("additionalProperties") is False and (
        unknown := [name for name in required if name not in properties]
    ):
        yield Flaw((*path, "required"), f"«{unknown[0][:40]}» is required but described nowhere.")


def _entry_flaws(name: str, value: Any, path: Path, root: Mapping[str, Any]) -> Iterator[Flaw]:
    if sentence := _value_problem(name, value, root):
        yield Flaw(path, sentence)
    elif name in _SCHEMAS and not (name == "items" and isinstance(value, list)):
        yield from _flaws(value, path, root)
    elif name in _LISTS_OF_SCHEMAS or name == "items":
        for place, schema in enumerate(value):
            yield from _flaws(schema, (*path, place), root)
    elif name in _NAMED_SCHEMAS:
        for key, schema in value.items():
            yield from _flaws(schema, (*path, key), root)


def _value_problem(name: str, value: Any, root: Mapping[str, Any]) -> str:
    if name == "type":
        return _type_problem(value)
    if name == "$ref":
        return _reference_problem(value, root)
    if name == "enum" and (not isinstance(value, list) or not value):
        return "write a list with at least one value."
    if name == "required" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return "write a list of names."
    if name in _LISTS_OF_SCHEMAS and (not isinstance(value, list) or not value):
        return "write a list with at least one schema."
    if name in _NAMED_SCHEMAS and not isinstance(value, Mapping):
        return "write an object: each name with its schema."
    return _plain_problem(name, value)


def _plain_problem(name: str, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _NUMBERS and not is_number:
        return "write a number."
    if name in _COUNTS and not (is_number and value == int(value) and value >= 0):
        return "write a whole number, 0 or more."
    if name in _TEXTS and not isinstance(value, str):
        return "write a text in quotes."
    return "write true or false." if name == "uniqueItems" and not isinstance(value, bool) else ""


def _type_problem(value: Any) -> str:
    names = value if isinstance(value, list) and value else [value]
    wrong = next((name for name in names if not isinstance(name, str) or name not in _TYPES), None)
    if wrong is None and all(isinstance(name, str) for name in names):
        return ""
    said = f"«{wrong[:40]}» is no type; " if isinstance(wrong, str) else ""
    return f"{said}the types are {', '.join(_TYPES)}."


def _reference_problem(value: Any, root: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or not value.startswith("#"):
        return "only references inside this schema work: they begin with #/$defs/."
    place: Any = root
    for step in value.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, Mapping) and name in place:
            place = place[name]
        elif isinstance(place, list) and name.isascii() and name.isdigit() and int(name[:6]) < len(place):
            place = place[int(name[:6])]
        else:
            return f"there is nothing at «{value[:80]}» in this schema."
    return ""
