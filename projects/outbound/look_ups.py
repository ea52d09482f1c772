"""Asks for the addresses of a host without ever waiting longer than the caller can.

The system's look-up cannot be cancelled. It runs in a thread that nothing waits for: not the end of an event loop, not that
of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from projects.outbound.addresses import Address
from projects.outbound.errors import AddressRefused

LookUp = Callable[[str, int], Sequence[Address]]

SECONDS = 5.0
# A name server that does not answer keeps each of them for half a minute or so.
MOST_AT_ONCE = 64

_lock = threading.Lock()
_under_way: dict[tuple[LookUp, str, int], Future[Sequence[Address]]] = {}


def addresses(look_up: LookUp, host: str, port: int, *, seconds: float = SECONDS) -> Sequence[Address]:
    """Return the addresses of a host; AddressRefused when it takes too long to find them."""
    try:
        return _begin(look_up, host, port).result(timeout=seconds)
    except TimeoutError as error:
        raise AddressRefused(
            f"The host {host} could not be looked up within {seconds:.0f} seconds. Try again; if it goes on, check the address."
        ) from error


async def addresses_async(look_up: LookUp, host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host; whoever stops waiting for them leaves nothing behind in the event loop."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: Future[Sequence[Address]]) -> None:
        # The loop may have ended without it.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(arrived.set)

    found = _begin(look_up, host, port)
    found.add_done_callback(tell)
    await arrived.wait()
    return found.result()


def _begin(look_up: LookUp, host: str, port: int) -> Future[Sequence[Address]]:
    """Return the look-up that is under way for this host, or a new one."""
    key = (look_up, host, port)
    with _lock:
        if (known := _under_way.get(key)) is not None:
            return known
        if len(_under_way) >= MOST_AT_ONCE:
            raise TimeoutError("too many names are being looked up")
        found: Future[Sequence[Address]] = Future()
        _under_way[key] = found
    try:
        threading.Thread(target=_find, args=(key, found), name="look-up", daemon=True).start()
    except RuntimeError as error:
        # Whoever waits for it already is told, and the next one asks anew.
        _forget(key)
        found.set_exception(error)
        raise
    return found


def _find(key: tuple[LookUp, str, int], found: Future[Sequence[Address]]) -> None:
    look_up, host, port = key
    try:
        result = look_up(host, port)
    except BaseException as error:  # handed on to whoever waits
        _forget(key)
        found.set_exception(error)
    else:
        _forget(key)
        found.set_result(result)


def _forget(key: tuple[LookUp, str, int]) -> None:
    # Before anybody hears of the result: who asks after that gets a new one.
    with _lock:
        _under_way.pop(key, None)


def _forget_after_fork() -> None:
    # The child has none of these threads.
    global _lock
    _lock = threading.Lock()
    _under_way.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
