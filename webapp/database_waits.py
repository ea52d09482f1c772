"""Lets no request wait for ever for the database, even when the server has stopped and enforces no limit of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from psycopg import Connection, OperationalError, errors

# Every statement of a web process ends by the server's own limit before that; what takes longer never ends.
LONGEST_WAIT_SECONDS = 12.0

# With the time to know the caller, and to wait for a slot, the answer comes before the common exporters give up.
SECONDS_TO_STORE = 5.5

_ends_at: ContextVar[float] = ContextVar("database_deadline", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise OperationalError in the block once all its waiting for the database has taken this long."""
    token = _ends_at.set(min(_ends_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at.reset(token)


class ImpatientConnection(Connection[Any]):
    """A connection that gives up, and closes itself, when the deadline of the request has passed."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Run an exchange with the server; OperationalError when the time is over."""
        left = min(_ends_at.get() - time.monotonic(), LONGEST_WAIT_SECONDS)
        if timeout is not None and timeout < left:
            return super().wait(gen, interval, timeout)
        try:
            if left <= 0:
                raise errors._WaitTimeout
            return super().wait(gen, interval, left)
        except errors._WaitTimeout as error:
            # The answer may still come: nobody may take it for the answer to another question.
            self.pgconn.finish()
            raise OperationalError("the database did not answer in time") from error
