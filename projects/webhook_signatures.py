"""Signs what webhooks send, as the Standard Webhooks convention says, so that receivers can use any of its libraries."""

from __future__ import annotations

import base64
import hmac
import secrets as random
from collections.abc import Sequence

PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret in the form that receivers store."""
    return PREFIX + base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode()


def headers(*, secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver check a message; while a rotation lasts, both secrets sign it."""
    signatures = [sign(secret=one, message_id=message_id, timestamp=timestamp, body=body) for one in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def sign(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one message: its id, its timestamp and its body, joined by dots."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"
