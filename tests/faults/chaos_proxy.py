"""A TCP proxy on loopback that treats what passes through it badly, in a way that can be changed at any moment."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

HOST = "127.0.0.1"
CHUNK = 64 * 1024
STEPS_PER_SECOND = 20
RESET = struct.pack("ii", 1, 0)  # linger for no time at all: the other side reads "connection reset"


@dataclass(frozen=True)
class Mode:
    """What happens to connections; the amount is milliseconds, bytes a second, or bytes."""

    name: str
    amount: int = 0


PASS, REFUSE, BLACKHOLE, RESETTING, HALF_OPEN = map(Mode, ("pass", "refuse", "blackhole", "reset", "half_open"))


def latency(milliseconds: int) -> Mode:
    """Every piece arrives this much later, in both directions."""
    return Mode("latency", milliseconds)


def drip(bytes_per_second: int) -> Mode:
    """Requests trickle."""
    return Mode("drip", bytes_per_second)


def cut_request_after(count: int) -> Mode:
    """A connection is reset once this many bytes have gone to the server, counted from now."""
    return Mode("cut_request", count)


def cut_answer_after(count: int) -> Mode:
    """A connection is reset once this many bytes have come back; 0: the answer exists, and nobody hears it."""
    return Mode("cut_answer", count)


class ChaosProxy:
    """Forwards to a port or to a Unix socket while its `with` block runs, in a thread of its own."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-proxy", daemon=True)
        self._mode = PASS
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cuts = 0

    def __enter__(self) -> ChaosProxy:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def set(self, mode: Mode) -> None:
        """Treat open and new connections like this from now on."""
        self._do(self._set(mode))

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        self._reset_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _set(self, mode: Mode) -> None:
        was, self._mode = self._mode, mode
        self._changed.set()
        self._changed = asyncio.Event()
        # What a hole swallowed is gone, so its connections cannot go on.
        if mode in (REFUSE, RESETTING) or was in (BLACKHOLE, HALF_OPEN):
            self._reset_all()
        if mode == REFUSE and self._server:
            self._server.close()
            self._server = None
        elif mode != REFUSE and self._server is None:
            await self._listen()

    def _reset_all(self) -> None:
        for connection in list(self._connections):
            _reset(connection)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            if self._mode == RESETTING:
                return
            if self._mode == BLACKHOLE:
                await self._changed.wait()
                return
            await self._join(reader, writer)
        except OSError:
            pass
        finally:
            _reset(writer) if self._mode != PASS else writer.close()
            self._connections.discard(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await self._connect()
        self._connections.add(requests)
        pumps = [
            asyncio.ensure_future(self._pump(reader, requests, is_answer=False)),
            asyncio.ensure_future(self._pump(answers, writer, is_answer=True)),
        ]
        try:
            await asyncio.gather(*pumps)
        finally:
            await _cancel(pumps)
            requests.close()
            self._connections.discard(requests)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(HOST, self._target)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        passed, since = 0, self._changed
        while data := await reader.read(CHUNK):
            if since is not self._changed:
                passed, since = 0, self._changed
            await self._pass_on(data, writer, is_answer=is_answer, passed=passed)
            passed += len(data)
        writer.write_eof()

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter, *, is_answer: bool, passed: int) -> None:
        """Treat a piece as the mode says."""
        mode = self._mode
        if mode == BLACKHOLE or (mode == HALF_OPEN and is_answer):
            await self._changed.wait()
            raise ConnectionAbortedError
        if mode.name == ("cut_answer" if is_answer else "cut_request") and passed + len(data) > mode.amount:
            writer.write(data[: max(0, mode.amount - passed)])
            await writer.drain()
            self.cuts += 1
            raise ConnectionAbortedError
        if mode.name == "drip" and not is_answer:
            return await self._drip(data, writer, mode)
        if mode.name == "latency":
            await asyncio.sleep(mode.amount / 1000)
        writer.write(data)
        await writer.drain()
        return None

    async def _drip(self, data: bytes, writer: asyncio.StreamWriter, mode: Mode) -> None:
        size = max(1, mode.amount // STEPS_PER_SECOND)
        while data and self._mode == mode:
            writer.write(data[:size])
            data = data[size:]
            await writer.drain()
            await asyncio.sleep(1 / STEPS_PER_SECOND)
        writer.write(data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        plug = writer.get_extra_info("socket")
        if plug is not None and plug.family != socket.AF_UNIX:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def _cancel(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
