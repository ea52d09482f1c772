"""A receiver of webhooks on loopback that answers each request in the way its script says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class FakeReceiver:
    """Answers the next request with the next entry of `script`, a status or a word; the last entry repeats."""

    script: list[int | str] = field(default_factory=lambda: [200])
    answer: bytes = b"thank you"
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?token=abc"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append((line, headers, body))
            await self._answer(self.script.pop(0) if len(self.script) > 1 else self.script[0], writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, mode: int | str, writer: asyncio.StreamWriter) -> None:
        if mode == "silence":
            await asyncio.sleep(30)
        elif mode == "redirect":
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
        elif mode == "hang up":
            return
        else:
            head = f"HTTP/1.1 {mode} Status\r\nContent-Type: text/html\r\nContent-Length: {len(self.answer)}\r\n\r\n"
            writer.write(head.encode() + self.answer)
        await writer.drain()


@contextmanager
def receiving(receiver: FakeReceiver) -> Iterator[FakeReceiver]:
    """Run the receiver on a free loopback port until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(receiver.handle, "127.0.0.1", 0), loop).result()
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
