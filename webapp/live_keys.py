"""Checks API keys in the live process, by the rules of projects/keys.py, without Django."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from projects import tokens
from webapp.live_database import Questions

CACHE_SECONDS = 20.0
_MAX_REMEMBERED = 10_000
_USABLE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_FIND = f"SELECT project_id, secret_hash, scopes, expires_at FROM api_key WHERE key_id = %s AND {_USABLE}"
_STILL_USABLE = f"SELECT key_id, scopes FROM api_key WHERE key_id = ANY(%s) AND {_USABLE}"


@dataclass(frozen=True, slots=True)
class LiveCaller:
    """An application that proved it holds a key."""

    key_id: str
    project_id: int
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database said about a key, and until when that is believed; no caller means there is no such key."""

    until: float
    caller: LiveCaller | None
    secret_hash: bytes = b""
    expires_at: datetime | None = None


class LiveKeys:
    """Remembers what the database said about a key for as long as web processes do."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._known: dict[str, _Known] = {}

    async def check(self, plain: str) -> LiveCaller | None:
        """Return who holds this key, or None when it is unknown, revoked or expired; may raise DatabaseAway."""
        parts = tokens.split(plain)
        if parts is None:
            return None
        key_id, secret = parts
        known = self._known.get(key_id)
        if known is None or known.until < time.monotonic():
            known = await self._load(key_id)
        if known.caller is None or not hmac.compare_digest(known.secret_hash, tokens.digest(secret)):
            return None
        return None if known.expires_at and known.expires_at <= datetime.now(UTC) else known.caller

    async def still_usable(self, key_ids: Iterable[str], *, scope: str) -> set[str]:
        """Return which of these keys may still be used for this; may raise DatabaseAway."""
        rows = await self._questions.ask(_STILL_USABLE, [list(key_ids)])
        return {key_id for key_id, scopes in rows if scope in scopes}

    async def _load(self, key_id: str) -> _Known:
        rows = await self._questions.ask(_FIND, [key_id])
        until = time.monotonic() + CACHE_SECONDS
        known = _Known(until, None)
        if rows:
            project_id, secret_hash, scopes, expires_at = rows[0]
            known = _Known(until, LiveCaller(key_id, project_id, frozenset(scopes)), bytes(secret_hash), expires_at)
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[key_id] = known
        return known
