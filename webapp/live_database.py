"""The live process's few connections to PostgreSQL: one that listens, others for short questions; never one per stream."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import structlog
from psycopg.rows import TupleRow

log = structlog.get_logger("callboard.live")
Connection = psycopg.AsyncConnection[TupleRow]

CHECK_EVERY_SECONDS = 15.0
_ANSWER_SECONDS = 5.0
_PAUSES = (0.2, 5.0)
# Whoever asks right after a failure is not made to wait for another one.
_AWAY_SECONDS = 1.0


class DatabaseAway(Exception):
    """The database does not answer at the moment."""


async def connect(url: str) -> Connection:
    """Return a connection that notices within seconds when its server is gone."""
    return await psycopg.AsyncConnection.connect(
        url, autocommit=True, connect_timeout=2, application_name=os.environ.get("CALLBOARD_PROCESS", "live"),
        keepalives_idle=10, keepalives_interval=5, keepalives_count=3, tcp_user_timeout=10_000,
        options="-c statement_timeout=5000 -c lock_timeout=2000 -c jit=off",
    )  # fmt: skip


class Questions:
    """Asks short questions, one at a time over one connection, which is opened when needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._away_until = 0.0

    async def ask(self, statement: str, values: Sequence[Any] = ()) -> list[TupleRow]:
        """Return the rows, or raise DatabaseAway; a connection that broke meanwhile is replaced once."""
        async with self._lock:
            if time.monotonic() < self._away_until:
                raise DatabaseAway
            for is_last in (False, True):
                try:
                    return await self._rows(statement, values)
                except (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError) as error:
                    await self.close()
                    if is_last:
                        self._away_until = time.monotonic() + _AWAY_SECONDS
                        raise DatabaseAway from error
        raise DatabaseAway

    async def close(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _rows(self, statement: str, values: Sequence[Any]) -> list[TupleRow]:
        async with asyncio.timeout(_ANSWER_SECONDS):
            if self._connection is None:
                self._connection = await connect(self._url)
            cursor = await self._connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


async def listen(
    url: str, channel: str, *, on_payload: Callable[[str], None], on_gap: Callable[[], None]
) -> None:  # fmt: skip
    """Pass on every notification, for ever; after a time without a connection `on_gap` says that some may be missing."""
    failures = 0
    while True:
        try:
            async with await connect(url) as connection:
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
                on_gap()
                failures = 0
                await _pass_on(connection, on_payload)
        except (psycopg.Error, OSError, TimeoutError) as error:
            failures += 1
            if failures == 1:
                log.warning("not_listening", reason=type(error).__name__)
        shortest, longest = _PAUSES
        await asyncio.sleep(min(longest, shortest * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1))  # noqa: S311


async def _pass_on(connection: Connection, on_payload: Callable[[str], None]) -> None:
    while True:
        async for notification in connection.notifies(timeout=CHECK_EVERY_SECONDS):
            on_payload(notification.payload)
        # A server that vanished without a word would otherwise look like one without news.
        async with asyncio.timeout(_ANSWER_SECONDS):
            await connection.execute("SELECT 1")
