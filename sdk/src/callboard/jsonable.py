"""Turns any Python value into JSON text, in the background, without running code of the host that could do work.

The `repr` of an arbitrary object is never asked for: that of a database query would run the query, that of a client
would show its key. Such an object appears as `<module.Class>`.
"""

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

# The server stores up to 1 MiB; the mark that says what was cut has to fit in as well.
MAX_TEXT: Final = 1_000_000
_MAX_DEPTH: Final = 32
_MAX_NODES: Final = 50_000
# Python may be told to write out no more than 640 digits.
_MOST_BITS: Final = 2_048
_DIGITS_PER_BIT: Final = 0.30103
_SHORT_TEXT: Final = 16 * 1024
_PLAIN_TEXT: Final = (uuid.UUID, decimal.Decimal, pathlib.PurePath)
_TIMES: Final = (datetime.date, datetime.time)


def to_json(value: Any) -> str:
    """Return the value as compact JSON; what JSON has no form for is described."""
    try:
        text = _dumps(value)
    except (TypeError, ValueError, RecursionError, RuntimeError):
        # Odd keys, NaN, a structure that contains itself, or one that changes meanwhile: walk it with care.
        return _dumps(_Walk().plain(value))
    if len(text) <= MAX_TEXT:
        return text
    return _dumps(_Walk(longest_text=_SHORT_TEXT).plain(value))


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text, cut with a mark when it is longer than the server stores."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [cut by the Callboard SDK: {len(text):,} characters in all]"


def describe(value: Any) -> Any:
    """Return something JSON can hold for an object it has no form for."""
    try:
        return _described(value)
    except Exception:  # a model of the host may refuse to be dumped
        return _class_of(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=describe)


def _described(value: Any) -> Any:
    if isinstance(value, _PLAIN_TEXT):
        return str(value)
    if isinstance(value, _TIMES):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, AbstractSet):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return _described_object(value)


def _described_object(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    # pydantic models, the answers of the openai library among them
    dump = getattr(type(value), "model_dump", None)
    if callable(dump):
        return dump(value, mode="json", warnings=False)
    # numpy numbers
    item = getattr(type(value), "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item(value)
    return _class_of(value)


def _class_of(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    return f"<{kind.__module__}.{kind.__qualname__}>"


def _integer(value: int) -> int | str:
    """Return a number that Python writes out, and what is known of a longer one (sys.set_int_max_str_digits)."""
    bits = value.bit_length()
    return int(value) if bits <= _MOST_BITS else f"<a whole number of about {int(bits * _DIGITS_PER_BIT) + 1:,} digits>"


class _Walk:
    """One careful walk through a value, which ends however large or circular the value is."""

    def __init__(self, longest_text: int = MAX_TEXT) -> None:
        self.nodes_left = _MAX_NODES
        self.longest_text = longest_text

    def plain(self, value: Any, depth: int = _MAX_DEPTH) -> Any:
        """Return the value in dicts, lists, strings and finite numbers."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, str):
            return shortened(value, self.longest_text)
        if isinstance(value, float):
            # JSON has no NaN and no infinity; the server would have to refuse them.
            return value if value - value == 0 else str(value)
        self.nodes_left -= 1
        if depth <= 0 or self.nodes_left < 0:
            return "<too deep or too large to record>"
        if isinstance(value, Mapping):
            return {self._key(key): self.plain(item, depth - 1) for key, item in list(value.items())}
        if isinstance(value, list | tuple | AbstractSet):
            return [self.plain(item, depth - 1) for item in list(value)]
        return self.plain(describe(value), depth - 1)

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, int) and not isinstance(key, bool):
            return str(_integer(key))
        return str(key) if isinstance(key, int | float | None) else _dumps(self.plain(key, 2))
