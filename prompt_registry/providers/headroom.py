"""What the headers of an answer say about how much may still be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# 1s, 6m0s, 120ms, 1h2m3.5s
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# A reset says when everything is free again, which is long after the next call is.
_MOST_BLOCKED = 5.0
_MOST = 2**53


@dataclass(frozen=True, slots=True)
class Headroom:
    """Tokens a minute, how many of them are left, and how long to wait when no request or token is left."""

    token_limit: int | None = None
    tokens_left: int | None = None
    block_seconds: float = 0.0


NOTHING_SAID = Headroom()


def read(headers: Mapping[str, str]) -> Headroom:
    """Read the rate limit headers that OpenAI and most others send; nonsense counts as not said."""
    limit, left = _number(headers, "limit-tokens"), _number(headers, "remaining-tokens")
    if limit is None or left is None or limit <= 0:
        limit = left = None
    blocked = [_reset(headers, kind) for kind in ("requests", "tokens") if _number(headers, f"remaining-{kind}") == 0]
    return Headroom(limit, left, min(max(blocked, default=0.0), _MOST_BLOCKED))


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"x-ratelimit-{name}", "").strip()
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _reset(headers: Mapping[str, str], kind: str) -> float:
    text = headers.get(f"x-ratelimit-reset-{kind}", "").strip()[:40]
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
