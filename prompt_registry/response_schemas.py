"""Looks a response schema over: a schema that no provider accepts fails every single call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAX_DEPTH = 60


def problem_of(schema: Mapping[str, Any]) -> str:
    """Return what is wrong with the schema, or nothing."""
    # Providers that want a name around the schema get it as {"name": …, "schema": {…}}.
    inner = schema.get("schema")
    return next(_problems(inner if isinstance(inner, Mapping) else schema, "the top", 0), "")


def _problems(schema: object, where: str, depth: int) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield f"at {where} stands something that is no schema"
        return
    if depth > _MAX_DEPTH:
        yield "it is nested too deeply"
        return
    yield from _type_problems(schema.get("type"), where)
    yield from _required_problems(schema, where)
    yield from _inner_problems(schema, where, depth)


def _type_problems(kind: object, where: str) -> Iterator[str]:
    kinds = kind if isinstance(kind, list) else [] if kind is None else [kind]
    for one in kinds:
        if not isinstance(one, str) or one not in _TYPES:
            yield f"at {where} the type «{str(one)[:40]}» does not exist"


def _required_problems(schema: Mapping[str, Any], where: str) -> Iterator[str]:
    required, properties = schema.get("required", []), schema.get("properties", {})
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield f"at {where} «required» must be a list of names"
    elif isinstance(properties, Mapping) and schema.get("additionalProperties") is False:
        unknown = [name for name in required if name not in properties]
        if unknown:
            yield f"at {where} «{unknown[0][:40]}» is required but described nowhere"
    if "enum" in schema and (not isinstance(schema["enum"], list) or not schema["enum"]):
        yield f"at {where} «enum» must be a list with at least one value"


def _inner_problems(schema: Mapping[str, Any], where: str, depth: int) -> Iterator[str]:
    for key in _MAPS:
        inner = schema.get(key, {})
        if not isinstance(inner, Mapping):
            yield f"at {where} «{key}» must be an object"
            continue
        for name, part in inner.items():
            yield from _problems(part, f"«{str(name)[:40]}»", depth + 1)
    for key in _LISTS:
        inner = schema.get(key, [])
        if not isinstance(inner, list):
            yield f"at {where} «{key}» must be a list"
            continue
        for part in inner:
            yield from _problems(part, f"{where} ({key})", depth + 1)
    if "items" in schema and not isinstance(schema["items"], list):
        yield from _problems(schema["items"], f"{where} (items)", depth + 1)
