"""Looks over the functions that a model may ask for, and names the first thing that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prompt_registry import json_schemas
from prompt_registry.json_flaws import Flaw, Path

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The entry with the schema of the arguments, as different providers call it.
_ARGUMENTS = ("parameters", "input_schema")


def flaw_of(tools: Sequence[Mapping[str, Any]]) -> Flaw | None:
    """Return the first flaw in a list of tools, or None when it is sound."""
    return next(_flaws(tools), None)


def _flaws(tools: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    taken: set[str] = set()
    for place, tool in enumerate(tools):
        kind = tool.get("type", "function")
        if not isinstance(kind, str):
            yield Flaw((place, "type"), 'write a text in quotes, for example "function".')
        elif kind == "function":
            yield from _function_flaws(tool, (place,), taken)
        # Any other type is something the provider brings along, such as web_search.


def _function_flaws(tool: Mapping[str, Any], path: Path, taken: set[str]) -> Iterator[Flaw]:
    function, path = (tool["function"], (*path, "function")) if "function" in tool else (tool, path)
    if not isinstance(function, Mapping):
        yield Flaw(path, "write an object with the name of the function.")
        return
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        at = (*path, "name") if "name" in function else path
        yield Flaw(at, "give the function a name of letters, digits, _ and -, at most 64.")
    elif name in taken:
        yield Flaw((*path, "name"), f"the name «{name}» is used twice.")
    else:
        taken.add(name)
    if not isinstance(function.get("description", ""), str):
        yield Flaw((*path, "description"), "write a text in quotes.")
    for entry in _ARGUMENTS:
        if entry in function:
            yield from _argument_flaws(function[entry], (*path, entry))


def _argument_flaws(schema: Any, path: Path) -> Iterator[Flaw]:
    if not isinstance(schema, Mapping):
        yield Flaw(path, "write a schema here: an object in curly braces.")
    elif flaw := json_schemas.flaw_of(schema, path):
        yield flaw
