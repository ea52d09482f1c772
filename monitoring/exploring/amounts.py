"""Reads amounts as people write them: 2s, 500ms, $0.01, 20k."""

from __future__ import annotations

import re
from decimal import Decimal

_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|min|h)?", re.ASCII)
_MONEY = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,9})?)", re.ASCII)
_COUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)([kKmM])?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_NANOSECONDS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
_TIMES = {"": 1, "k": 10**3, "m": 10**6}
# What a column of the database can hold, with room to add to it.
_MOST = 2**62


def nanoseconds(text: str) -> int | None:
    """Return a time span, in seconds when no unit stands there."""
    found = _DURATION.fullmatch(text)
    return _whole(Decimal(found[1]) * _NANOSECONDS[found[2] or "s"]) if found else None


def nano_usd(text: str) -> int | None:
    found = _MONEY.fullmatch(text)
    return _whole(Decimal(found[1]) * 10**9) if found else None


def count(text: str) -> int | None:
    found = _COUNT.fullmatch(text)
    return _whole(Decimal(found[1]) * _TIMES[(found[2] or "").lower()]) if found else None


def whole(text: str) -> int | None:
    """Return a whole number that is no amount, such as one of a version."""
    return int(text) if _WHOLE.fullmatch(text) else None


def number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def milliseconds_text(milliseconds: float) -> str:
    """Return a time span as it is written in a filter."""
    if milliseconds >= 1000:
        return f"{_plain(milliseconds / 1000)}s"
    return f"{_plain(milliseconds)}ms"


def usd_text(usd: float) -> str:
    return _plain(usd)


def _plain(amount: float) -> str:
    return f"{amount:.9f}".rstrip("0").rstrip(".")


def _whole(amount: Decimal) -> int | None:
    return int(amount) if amount < _MOST else None
