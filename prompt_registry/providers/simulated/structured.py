"""Answers in the shape that a JSON schema asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prompt_registry.providers.simulated.dice import Dice

_MAX_DEPTH = 8


def as_json(*, schema: Mapping[str, Any], text: str, dice: Dice) -> str:
    """Return JSON that fits the schema: strings carry the text, choices and numbers are rolled."""
    return json.dumps(_value(schema, text, dice, ""), ensure_ascii=False)


def _value(schema: Any, text: str, dice: Dice, path: str) -> Any:
    if not isinstance(schema, Mapping) or path.count("/") > _MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return dice.pick(f"enum{path}", schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(several), list) and schema[several]:
            return _value(schema[several][0], text, dice, f"{path}/{several}")
    kind = schema.get("type")
    return _of_type(kind[0] if isinstance(kind, list) and kind else kind, schema, text, dice, path)


def _of_type(kind: Any, schema: Mapping[str, Any], text: str, dice: Dice, path: str) -> Any:
    match kind:
        case "string":
            return text
        case "boolean":
            return dice.roll(f"boolean{path}") < 0.5
        case "integer":
            low, high = _range(schema)
            return dice.number(f"integer{path}", low, high)
        case "number":
            low, high = _range(schema)
            return round(low + (high - low) * dice.roll(f"number{path}"), 3)
        case "array":
            return [_value(schema.get("items"), text, dice, f"{path}/0")]
        case "object" | None:
            properties = schema.get("properties")
            names = properties.items() if isinstance(properties, Mapping) else ()
            return {name: _value(inner, text, dice, f"{path}/{name}") for name, inner in names}
        case _:
            return None


def _range(schema: Mapping[str, Any]) -> tuple[int, int]:
    low, high = schema.get("minimum", 0), schema.get("maximum")
    low = int(low) if isinstance(low, int | float) else 0
    return low, int(high) if isinstance(high, int | float) and high >= low else low + 1
