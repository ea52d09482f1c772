"""Ids of Langfuse applications as Callboard stores them: any text becomes a fixed id, so that a later score finds its call."""

from __future__ import annotations

import hashlib
import re
import uuid

_HEX = re.compile(r"[0-9a-f]+")


def trace_id(text: str) -> bytes:
    """Return 16 bytes: those of a hexadecimal id or UUID, else what Langfuse's `create_trace_id(seed=text)` makes."""
    digits = text.strip().lower().replace("-", "")
    return _exact(digits, 32) or hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


def span_id(text: str) -> bytes:
    """Return 8 bytes: those of a hexadecimal id, else the beginning of the text's hash."""
    return _exact(text.strip().lower(), 16) or hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]


def root_id(trace: bytes) -> bytes:
    """Return the id of the span that carries what older SDKs say about the trace itself."""
    return hashlib.sha256(b"langfuse trace\x1f" + trace).digest()[:8]


def score_id(text: str, *, realm: str = "") -> uuid.UUID:
    """Return the id under which a score is stored; within a realm, no text names a score from outside it."""
    if not realm and (digits := _exact(text.strip().lower().replace("-", ""), 32)):
        return uuid.UUID(bytes=digits)
    return uuid.UUID(bytes=hashlib.sha256(f"{realm}\x1f{text}".encode("utf-8", "replace")).digest()[:16])


def _exact(digits: str, length: int) -> bytes:
    if len(digits) != length or not _HEX.fullmatch(digits):
        return b""
    found = bytes.fromhex(digits)
    return found if any(found) else b""
