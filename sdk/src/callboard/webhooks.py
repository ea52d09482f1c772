"""Checks that a webhook really comes from Callboard, and was not sent again by somebody who overheard it."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from callboard.errors import WebhookNotVerified

TOLERANCE_SECONDS: Final = 300
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secret: str, *, now: float | None = None
) -> dict[str, Any]:
    """Return the event in a webhook's body, or raise WebhookNotVerified.

    `body` is the request's body exactly as it came, before any JSON was read; `headers` are its headers, in any
    spelling; `secret` begins with `whsec_`. Keep the event's `id` to notice one that arrives twice.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not message_id or not timestamp or not sent.get("webhook-signature"):
        raise WebhookNotVerified("The headers webhook-id, webhook-timestamp and webhook-signature are missing.")
    _check_age(timestamp, time.time() if now is None else now)
    content = body.encode() if isinstance(body, str) else bytes(body)
    expected = hmac.digest(_key(secret), f"{message_id}.{timestamp}.".encode() + content, "sha256")
    if not _is_signed(sent["webhook-signature"], expected):
        raise WebhookNotVerified("The signature does not fit the body and the secret.")
    return _event(content)


def _check_age(timestamp: str, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookNotVerified("The header webhook-timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookNotVerified("The webhook was signed more than five minutes ago, or the clocks differ.")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WebhookNotVerified("The secret is not one of Callboard's: it begins with whsec_.") from error
    if not key:
        raise WebhookNotVerified("The secret is empty.")
    return key


def _is_signed(header: str, expected: bytes) -> bool:
    """Tell whether one of the signatures fits; during a rotation there are two. All are compared, at equal speed."""
    wanted = base64.b64encode(expected)
    fits = False
    for entry in header.split():
        version, _, signature = entry.partition(",")
        if version == _VERSION:
            fits |= hmac.compare_digest(signature.encode(), wanted)
    return fits


def _event(content: bytes) -> dict[str, Any]:
    try:
        event = json.loads(content)
    except ValueError as error:
        raise WebhookNotVerified("The body is not JSON.") from error
    if not isinstance(event, dict):
        raise WebhookNotVerified("The body is not an event.")
    return event
