"""Checks API keys in the live process, by the rules of projects/keys.py, without Django."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from projects import tokens
from webapp.live_database import Questions

T = TypeVar("T")
CACHE_SECONDS = 20.0
# Keys looked up at the same moment. They are asked for one after the other, so more would only wait longer.
MAX_ASKING: Final = 64
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


class TooManyKeys(Exception):
    """So many keys that were never seen are being looked up that another one has to wait."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database said about a key, and until when that is believed."""

    until: float
    caller: LiveCaller
    secret_hash: bytes
    expires_at: datetime | None


class LiveKeys:
    """Remembers what the database said about a key for as long as web processes do."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._known: dict[str, _Known] = {}
        # Apart, because anybody can make up any number of these: they must not drive out the genuine ones.
        self._unknown_until: dict[str, float] = {}
        self._asking: dict[str, asyncio.Task[_Known | None]] = {}

    async def check(self, plain: str) -> LiveCaller | None:
        """Return who holds this key, or None when it is unknown, revoked or expired; may raise DatabaseAway or TooManyKeys."""
        parts = tokens.split(plain)
        if parts is None:
            return None
        key_id, secret = parts
        known, now = self._known.get(key_id), time.monotonic()
        if known is None or known.until < now:
            known = None if self._unknown_until.get(key_id, 0.0) >= now else await self._look_up(key_id)
        if known is None or not hmac.compare_digest(known.secret_hash, tokens.digest(secret)):
            return None
        return None if known.expires_at and known.expires_at <= datetime.now(UTC) else known.caller

    async def _look_up(self, key_id: str) -> _Known | None:
        """Ask once for all who wait for the same key, as they do when a fleet of processes comes back."""
        asking = self._asking.get(key_id)
        if asking is None:
            if len(self._asking) >= MAX_ASKING and key_id not in self._known:
                raise TooManyKeys
            asking = self._asking[key_id] = asyncio.create_task(self._load(key_id))
            asking.add_done_callback(lambda ended: self._has_asked(key_id, ended))
        # Whoever hangs up must not take the answer from the others.
        return await asyncio.shield(asking)

    def _has_asked(self, key_id: str, ended: asyncio.Task[_Known | None]) -> None:
        self._asking.pop(key_id, None)
        if not ended.cancelled():
            # Nobody may be left to see it, which asyncio would complain about.
            ended.exception()

    async def _load(self, key_id: str) -> _Known | None:
        rows = await self._questions.ask(_FIND, [key_id])
        until = time.monotonic() + CACHE_SECONDS
        if not rows:
            self._known.pop(key_id, None)
            _keep(self._unknown_until, key_id, until)
            return None
        project_id, secret_hash, scopes, expires_at = rows[0]
        known = _Known(until, LiveCaller(key_id, project_id, frozenset(scopes)), bytes(secret_hash), expires_at)
        _keep(self._known, key_id, known)
        return known


async def still_usable(questions: Questions, key_ids: Iterable[str], *, scope: str) -> set[str]:
    """Return which of these keys may still be used for this; may raise DatabaseAway."""
    rows = await questions.ask(_STILL_USABLE, [list(key_ids)])
    return {key_id for key_id, scopes in rows if scope in scopes}


def _keep(memory: dict[str, T], key_id: str, value: T) -> None:
    if len(memory) >= _MAX_REMEMBERED:
        memory.clear()
    memory[key_id] = value
