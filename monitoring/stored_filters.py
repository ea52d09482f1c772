"""Filters of the list of traces as JSON, for work that a person asked for and a worker does later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, get_type_hints
from uuid import UUID

from monitoring.exploring.terms import Operator, Term, Value
from monitoring.trace_filters import TraceFilter


def to_json(wanted: TraceFilter) -> dict[str, Any]:
    """Return the fields in use as JSON values."""
    return {name: _plain(getattr(wanted, name)) for name in ("start", "end", *wanted.names_in_use)}


def from_json(stored: Mapping[str, Any]) -> TraceFilter:
    """Return the filter that was stored; a field that this version does not know would widen it, and is refused."""
    hints = get_type_hints(TraceFilter)
    unknown = set(stored) - {field.name for field in fields(TraceFilter)}
    if unknown:
        raise ValueError(f"The stored filter has fields that are not known: {', '.join(sorted(unknown))}.")
    return TraceFilter(**{name: _typed(hints[name], value) for name, value in stored.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, Term):
        return _plain_term(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"A filter cannot be stored with a value of {type(value).__name__}.")


def _plain_term(term: Term) -> dict[str, Any]:
    values = [[str(value.operator), value.text] for value in term.values]
    return {"field": term.field, "key": term.key, "is_negated": term.is_negated, "values": values}


def _term(stored: Mapping[str, Any]) -> Term:
    values = tuple(Value(text, Operator(operator)) for operator, text in stored["values"])
    return Term(stored["field"], values, stored["key"], stored["is_negated"])


def _typed(hint: Any, value: Any) -> Any:
    arguments = getattr(hint, "__args__", ())
    if value is None:
        return None
    if hint is datetime:
        return datetime.fromisoformat(value)
    if Term in arguments:
        return tuple(_term(one) for one in value)
    if hint is UUID or UUID in arguments:
        return tuple(UUID(hex=one) for one in value) if isinstance(value, list) else UUID(hex=value)
    if isinstance(hint, type) and issubclass(hint, StrEnum | IntEnum):
        return hint(value)
    if isinstance(value, list):
        return tuple(value)
    return value
