"""Short-lived tickets with which a page follows one trial in the live process; made and checked without Django."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

LIFETIME_SECONDS = 60
_PURPOSE = b"callboard live ticket v1"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who may follow which trial, until when in seconds of Unix time the stream must have been opened."""

    project_id: int
    trial_id: int
    user_id: int
    expires_at: int

    def signed(self, secret: str) -> str:
        """Return the ticket as text that nobody else can make."""
        body = f"{self.project_id}.{self.trial_id}.{self.user_id}.{self.expires_at}"
        return f"{body}.{_mac(body, secret)}"


def check(text: str, *, secret: str, now: float) -> Ticket | None:
    """Return the ticket, or None when it was made up or is too old."""
    body, _, mac = text.rpartition(".")
    if not secret or not mac or not hmac.compare_digest(mac.encode(), _mac(body, secret).encode()):
        return None
    parts = body.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    ticket = Ticket(*(int(part) for part in parts))
    return ticket if now <= ticket.expires_at else None


def _mac(body: str, secret: str) -> str:
    key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
    return hmac.digest(key, body.encode(), "sha256").hex()
