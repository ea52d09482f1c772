"""The steps of ASGI that the live process needs: read a body, send JSON, send events, notice a client that left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


class BodyTooLarge(Exception):
    """The request is larger than this address accepts."""


class Disconnected(Exception):
    """The client went away before the request was complete."""


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """Return the whole body of a request."""
    parts: list[bytes] = []
    size, is_open = 0, True
    while is_open:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise BodyTooLarge
        is_open = message.get("more_body", False)
    return b"".join(parts)


async def send_json(send: Send, status: int, body: Any, headers: Headers = ()) -> None:
    """Answer with JSON."""
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    sized = (b"content-length", str(len(data)).encode())
    await start(send, status, [(b"content-type", b"application/json"), sized, *headers])
    await send({"type": "http.response.body", "body": data})


async def start(send: Send, status: int, headers: Headers) -> None:
    """Send the status and the headers of an answer."""
    fixed = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *fixed]})


async def send_part(send: Send, data: bytes, *, is_last: bool = False) -> None:
    """Send a piece of a streamed answer."""
    await send({"type": "http.response.body", "body": data, "more_body": not is_last})


class Listener:
    """Knows whether the client still listens; made after the body was read."""

    def __init__(self, receive: Receive) -> None:
        self._gone = asyncio.ensure_future(self._until_gone(receive))

    @staticmethod
    async def _until_gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def waits(self, seconds: float) -> bool:
        """Wait; tell whether the client still listens afterwards."""
        await asyncio.wait({self._gone}, timeout=max(0.0, seconds))
        return not self._gone.done()

    async def close(self) -> None:
        """Stop watching."""
        self._gone.cancel()
        await asyncio.gather(self._gone, return_exceptions=True)
