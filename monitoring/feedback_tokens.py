"""Reads the tokens that let a browser send feedback about one call without holding a key."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from monitoring.errors import TokenRefused

_MAX_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Token:
    """What a token allows: feedback about one trace (or one span of it), for one person."""

    key_id: str
    trace_id: str
    span_id: str | None
    user_id: str | None


def read(text: str, *, now_seconds: float, signing_key: Callable[[str], bytes | None]) -> Token:
    """Return what a genuine, unexpired token says; `signing_key` finds the feedback key by key id.

    The token is base64url(JSON {k, t, s, u, e}) + "." + base64url(HMAC-SHA256 of the first part).
    """
    payload, _, signature = text.partition(".")
    if len(text) > _MAX_LENGTH or not signature:
        raise TokenRefused
    try:
        fields = orjson.loads(_decoded(payload))
        sent = _decoded(signature)
        key_id, expires_at = str(fields["k"]), float(fields["e"])
        token = Token(key_id, str(fields["t"]), _optional(fields.get("s")), _optional(fields.get("u")))
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenRefused from error
    key = signing_key(key_id)
    if key is None or not hmac.compare_digest(hmac.digest(key, payload.encode(), "sha256"), sent):
        raise TokenRefused
    if expires_at < now_seconds:
        raise TokenRefused("This feedback token has expired. Reload the page and try again.")
    return token


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _optional(value: object) -> str | None:
    return None if value is None else str(value)
