"""Trace and span ids, and the decision to keep a trace, which follows from its id alone."""

import hashlib
import random

from callboard import forks

_random = random.Random()  # noqa: S311 - ids must be unique, not secret, and cost well under a microsecond
# Without a new seed a forked child would hand out the ids of its parent.
forks.in_child(_random.seed)

_LOW_56_BITS = (1 << 56) - 1


random_bits = _random.getrandbits


def new_trace_id() -> int:
    """Return a random trace id that is never zero."""
    return random_bits(128) or 1


def new_span_id() -> int:
    """Return a random span id that is never zero."""
    return random_bits(64) or 1


def trace_id_for(seed: object) -> str:
    """Return the trace id that always belongs to this text or id, such as the application's own message id."""
    return hashlib.sha256(str(seed).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_sampled(trace_id: int, *, rate: float) -> bool:
    """Tell whether a trace is kept; every process that uses the same rate answers the same."""
    # The low 56 bits are the random part in W3C Trace Context level 2.
    return rate >= 1.0 or (trace_id & _LOW_56_BITS) < rate * (1 << 56)


def parse_trace_id(text: object) -> int | None:
    """Return the trace id written as 32 hex digits or as a UUID, or None when it is neither."""
    return _parse_hex(str(text).replace("-", ""), length=32)


def parse_span_id(text: object) -> int | None:
    """Return the span id written as 16 hex digits, or None when it is not one."""
    return _parse_hex(str(text), length=16)


def _parse_hex(text: str, *, length: int) -> int | None:
    if len(text) != length or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        return None
    return int(text, 16) or None
