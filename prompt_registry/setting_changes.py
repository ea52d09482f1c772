"""Says what changed in the settings that are whole documents: which tools, which parts of the answer's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LONG = ("tools", "response_schema", "custom")
_KINDS = {"tools": "tool", "response_schema": "part of the answer", "custom": "value for the application"}
_MOST_NAMED = 8


def sentences(name: str, label: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """Return what changed in one of these settings, each as a kind (added, removed, changed) and a sentence."""
    before, after = _parts(name, old), _parts(name, new)
    if (not before and not after) or before == after:
        yield "changed", f"{_verb(old, new)} the setting «{label}»."
        return
    wanted = {
        "added": ("Adds", [part for part in after if part not in before]),
        "removed": ("Removes", [part for part in before if part not in after]),
        "changed": ("Changes", [part for part in after if part in before and before[part] != after[part]]),
    }
    for kind, (verb, parts) in wanted.items():
        if parts:
            yield kind, f"{verb} the {_KINDS[name]}{'' if len(parts) == 1 else 's'} {_named(parts)}."


def documents(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return these settings as text with one thing on each line, to be compared line by line."""
    return {
        name: json.dumps(settings[name], indent=2, ensure_ascii=False, sort_keys=True)
        for name in LONG
        if name in settings
    }


def _parts(name: str, value: Any) -> dict[str, Any]:
    if name == "tools":
        return {_tool_name(tool, place): tool for place, tool in enumerate(value or (), start=1)}
    if name == "response_schema":
        return _properties(value or {})
    return dict(value or {})


def _tool_name(tool: Mapping[str, Any], place: int) -> str:
    function = tool.get("function")
    inner = function.get("name") if isinstance(function, Mapping) else None
    return str(inner or tool.get("name") or tool.get("type") or f"number {place}")[:100]


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an answer that a schema names, also when the schema is wrapped as providers want it."""
    for wrapper in ("json_schema", "schema"):
        inner = schema.get(wrapper)
        if isinstance(inner, Mapping):
            return _properties(inner)
    properties = schema.get("properties")
    return dict(properties) if isinstance(properties, Mapping) else {}


def _named(parts: Sequence[str]) -> str:
    named = ", ".join(f"«{part[:100]}»" for part in parts[:_MOST_NAMED])
    return named if len(parts) <= _MOST_NAMED else f"{named} and {len(parts) - _MOST_NAMED} more"


def _verb(old: Any, new: Any) -> str:
    return "Adds" if old is None else "Removes" if new is None else "Changes"
