"""Random secrets for keys and links, and the hashes under which they are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PUBLIC_PREFIX = "pk-cb-"
FEEDBACK_KEY_MESSAGE = b"callboard feedback token v1"
_KEY_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def link_token() -> str:
    """Return a fresh secret for a link, 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return the hash under which a high-entropy secret is stored."""
    return hashlib.sha256(token.encode()).digest()


def new_key() -> tuple[str, str, str]:
    """Return (key id, secret, whole key as the application sends it)."""
    key_id = "".join(secrets.choice(_KEY_ID_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    return key_id, secret, compose(key_id=key_id, secret=secret)


def compose(*, key_id: str, secret: str) -> str:
    """Return the whole key, ending in a checksum that lets scanners recognise a leaked key."""
    body = f"cb_{key_id}_{secret}"
    return body + hashlib.sha256(body.encode()).hexdigest()[:6]


def urlsafe(secret: bytes) -> str:
    """Return 32 bytes in the form of a key's secret."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def split(key: str) -> tuple[str, str] | None:
    """Return (key id, secret) of a well-formed key, else None."""
    if len(key) != 65 or not key.isascii() or not key.startswith("cb_") or key[15] != "_":
        return None
    key_id, secret = key[3:15], key[16:59]
    return (key_id, secret) if hmac.compare_digest(compose(key_id=key_id, secret=secret), key) else None


def public_key(key_id: str) -> str:
    """Return the name of a key for clients that send a public and a secret key; it is no secret."""
    return PUBLIC_PREFIX + key_id


def public_key_id(text: str) -> str:
    """Return the id of the key that a public key names; empty when the text is no public key."""
    key_id = text.removeprefix(PUBLIC_PREFIX)
    is_one = text.startswith(PUBLIC_PREFIX) and len(key_id) == 12 and set(key_id) <= set(_KEY_ID_ALPHABET)
    return key_id if is_one else ""


def feedback_key(secret: str) -> bytes:
    """Return the key that signs feedback tokens; the client derives the same one from its secret."""
    return hmac.digest(secret.encode(), FEEDBACK_KEY_MESSAGE, "sha256")
