"""Builds the items that tell Callboard what people think of an answer."""

import datetime
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from callboard.jsonable import shortened

Thumbs = Literal["up", "down"] | bool
Value = float | str | bool
Source = Literal["user", "human", "api"]
_MAX_TEXT: Final = 64 * 1024
_THUMBS: Final[Mapping[Any, int]] = {"up": 1, "down": 0, True: 1, False: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was said, by whom, about which trace or span."""

    trace_id: str
    span_id: str | None
    thumbs: Thumbs | None
    value: Value | None
    name: str | None
    comment: str | None
    correction: str | None
    user: str | None
    source: Source


def build(opinion: Opinion, *, now: datetime.datetime) -> list[dict[str, Any]]:
    """Return the items to send; raises ValueError when nothing was said, or something that means nothing."""
    items = [item for item in (_thumbs(opinion), _value(opinion), _correction(opinion)) if item is not None]
    if not items and opinion.comment:
        items = [{"name": opinion.name or "comment", "data_type": "text", "string_value": _cut(opinion.comment)}]
    elif items and opinion.comment:
        items[0]["comment"] = _cut(opinion.comment)
    if not items:
        raise ValueError("give one of thumbs, value, comment or correction")
    return [_base(opinion, now) | item for item in items]


def _base(opinion: Opinion, now: datetime.datetime) -> dict[str, Any]:
    return {
        # The same id on every try, so that a repeated request changes nothing.
        "id": str(uuid.uuid4()),
        "trace_id": opinion.trace_id,
        "span_id": opinion.span_id,
        "value": None,
        "string_value": None,
        "comment": None,
        "source": opinion.source,
        "user_id": opinion.user,
        "created_at": now.isoformat().replace("+00:00", "Z"),
    }


def _thumbs(opinion: Opinion) -> dict[str, Any] | None:
    if opinion.thumbs is None:
        return None
    if opinion.thumbs not in _THUMBS:
        raise ValueError(f"thumbs is 'up' or 'down', not {opinion.thumbs!r}")
    # A name belongs to the value, when both are given.
    name = opinion.name if opinion.name and opinion.value is None else "thumbs"
    return {"name": name, "data_type": "thumbs", "value": _THUMBS[opinion.thumbs]}


def _value(opinion: Opinion) -> dict[str, Any] | None:
    value, name = opinion.value, opinion.name or "score"
    if value is None:
        return None
    if isinstance(value, bool):
        return {"name": name, "data_type": "boolean", "value": int(value)}
    if isinstance(value, str):
        return {"name": name, "data_type": "category", "string_value": _cut(value)}
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"value is a number, a text or a boolean, not {value!r}")
    return {"name": name, "data_type": "number", "value": value}


def _correction(opinion: Opinion) -> dict[str, Any] | None:
    if not opinion.correction:
        return None
    return {"name": "correction", "data_type": "correction", "string_value": _cut(opinion.correction)}


def _cut(text: str) -> str:
    return shortened(str(text), _MAX_TEXT)
