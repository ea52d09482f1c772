"""Makes any decoded value safe to store: pure functions, the same input always answers the same."""

from __future__ import annotations

import math
from typing import Any

from monitoring.ingest.limits import INT64_MAX, INT64_MIN, MAX_DEPTH, MAX_KEY_BYTES

REPLACEMENT = "\ufffd"
TOO_DEEP = "[nested too deeply]"


def clean_text(text: str) -> str:
    """Return the text with NUL bytes and lone surrogates replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_number(number: float) -> int | float | str:
    """Return the number, or its text when the database cannot hold it: NaN, infinity, beyond 64 bits."""
    if isinstance(number, bool):
        return number
    if isinstance(number, int):
        return number if INT64_MIN <= number <= INT64_MAX else _digits(number)
    return number if math.isfinite(number) else str(number)


def clean(value: Any, *, depth: int = 0) -> Any:
    """Return a JSON value that PostgreSQL stores and every reader reads; equal to the input when nothing was wrong."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return clean_number(value)
    if depth >= MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, list | tuple):
        return [clean(item, depth=depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            clean_text(str(key)): clean(item, depth=depth + 1) for key, item in value.items() if is_usable_key(str(key))
        }
    return clean_text(str(value))


def is_usable_key(key: str) -> bool:
    """Tell whether an attribute key may be stored: all of it text (replacing a part could merge two keys), not too long."""
    return "\x00" not in key and len(key) <= MAX_KEY_BYTES and bool(key) and (key.isascii() or clean_text(key) == key)


def _digits(number: int) -> str:
    # str() refuses more than 4,300 digits; hexadecimal has no such limit and stays exact.
    return str(number) if number.bit_length() < 14_000 else hex(number)
