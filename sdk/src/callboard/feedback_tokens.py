"""Signs the token with which a browser may give feedback on one trace, and reads API keys."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Final

_KEY: Final = re.compile(r"cb_([0-9a-z]{12})_([A-Za-z0-9_-]{43})([0-9a-f]{6})")
_PURPOSE: Final = b"callboard feedback token v1"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The two parts of an API key."""

    id: str
    secret: str


def parse_api_key(text: str) -> ApiKey | None:
    """Return the parts of a key, or None when it is not one or was mistyped (its checksum does not fit)."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    checksum = hashlib.sha256(f"cb_{match[1]}_{match[2]}".encode()).hexdigest()[:6]
    return ApiKey(match[1], match[2]) if checksum == match[3] else None


def sign(key: ApiKey, *, trace_id: str, span_id: str | None = None, user: str | None = None, expires_at: int) -> str:
    """Return a token for feedback on one trace, or one span of it, valid until `expires_at` (Unix seconds)."""
    claims = {"k": key.id, "t": trace_id, "s": span_id, "u": user, "e": expires_at}
    body = _base64(json.dumps(claims, separators=(",", ":")).encode())
    return body + "." + _base64(hmac.digest(signing_key(key.secret), body.encode(), "sha256"))


def signing_key(secret: str) -> bytes:
    """Return the key that signs tokens; it is derived, so the server need not keep the secret itself."""
    return hmac.digest(secret.encode("ascii"), _PURPOSE, "sha256")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
