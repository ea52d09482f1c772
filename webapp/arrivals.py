"""Bounds the time in which a request must have arrived: a client that drips or stops would keep its thread for ever."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Any

_SECONDS = float(os.environ.get("CALLBOARD_SECONDS_TO_ARRIVE", "30"))


class _Arriving:
    """The socket of a request, read until a fixed moment however little comes at a time."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._until = time.monotonic() + _SECONDS

    def recv(self, size: int) -> bytes:
        self.sock.settimeout(max(0.001, self._until - time.monotonic()))
        try:
            received: bytes = self.sock.recv(size)
            return received
        finally:
            self.sock.settimeout(None)


def begin(conn: Any) -> None:
    """Count from now on, before the next request is read from this connection of gunicorn.

    What the application leaves unread of a body is read by gunicorn in the same time.
    """
    if conn.initialized:
        _wrap(conn)
    else:
        conn.init = partial(_init, conn)


def _init(conn: Any) -> None:
    del conn.init
    conn.init()
    _wrap(conn)


def _wrap(conn: Any) -> None:
    conn.parser.unreader.sock = _Arriving(conn.sock)
