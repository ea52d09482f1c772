"""Reads YAML that somebody uploaded: plain values only, no references, no types, bounded in size and depth."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from prompt_registry.errors import ImportRefused

MAX_CHARACTERS = 4 * 1024 * 1024
MAX_DEPTH = 60
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


def parse(text: str) -> Any:
    """Return the values of the first document, or raise ImportRefused."""
    if len(text) > MAX_CHARACTERS:
        raise ImportRefused("This YAML file has more than 4 MiB. Split it.")
    try:
        return _read(_events(text))
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        where = f"line {place.line + 1}, character {place.column + 1}" if place else "somewhere in it"
        raise ImportRefused(f"This is not valid YAML ({where}).") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ImportRefused("This is not valid YAML.") from error


def _events(text: str) -> Iterator[Any]:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise ImportRefused("This YAML file has references (*name). Write the values out, then try again.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ImportRefused("This YAML file is nested too deeply.")
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if isinstance(event, yaml.CollectionStartEvent | yaml.CollectionEndEvent | yaml.ScalarEvent):
            yield event


def _read(events: Iterator[Any]) -> Any:
    event = next(events, None)
    return None if event is None else _value(event, events)


def _value(event: Any, events: Iterator[Any]) -> Any:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events)
    return _mapping(events)


def _sequence(events: Iterator[Any]) -> list[Any]:
    found: list[Any] = []
    for item in events:
        if isinstance(item, yaml.SequenceEndEvent):
            break
        found.append(_value(item, events))
    return found


def _mapping(events: Iterator[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            break
        name = _value(key, events)
        found[name if isinstance(name, str) else str(name)] = _value(next(events), events)
    return found


def _scalar(event: Any) -> Any:
    text = str(event.value)
    if not event.implicit[0]:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
