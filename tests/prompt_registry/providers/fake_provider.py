"""A model provider on loopback that answers each request in the way its script says, well or badly."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from prompt_registry.providers.simulated.embeddings import embed

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 4}}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "fake-1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello there."}}],
    "usage": USAGE,
}


def _chunk(**choice: object) -> bytes:
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake-1"}
    body["choices"] = [{"index": 0, "finish_reason": None, **choice}]
    return b"data: " + json.dumps(body).encode() + b"\n\n"


ROLE = _chunk(delta={"role": "assistant", "content": ""})
TEXTS = [_chunk(delta={"content": text}) for text in ("Hello ", "there.")]
END = _chunk(delta={}, finish_reason="stop")
COUNTS = b"data: " + json.dumps({"id": "c", "model": "fake-1", "choices": [], "usage": USAGE}).encode() + b"\n\n"
DONE = b"data: [DONE]\n\n"
SLOW_SECONDS = 0.6
# A mode that begins like this streams the rest of itself.
SAY = "say "
# A mode that begins like this embeds what it is sent, in so many dimensions; with another number of vectors when one follows.
EMBED = "embed "


def _response(status: str, body: bytes, *headers: str, content_type: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def _error(status: str, message: str, *headers: str, code: str | None = None) -> bytes:
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return _response(status, json.dumps(body).encode(), *headers)


def _embedded(request: dict[str, object], dimensions: int, count: int = 10_000) -> bytes:
    texts = list(request["input"])[:count]
    data = [
        {"object": "embedding", "index": index, "embedding": embed(text, dimensions=dimensions)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 7 * len(texts), "total_tokens": 7 * len(texts)}
    # In no order: every vector says which text it belongs to.
    body = {"object": "list", "model": "fake-embed", "data": data[::-1], "usage": usage}
    return _response("200 OK", json.dumps(body).encode())


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

WHOLE = {
    "ok": _response("200 OK", json.dumps(ANSWER).encode(), "Set-Cookie: track=1; Path=/"),
    "429": _error("429 Too Many Requests", "Rate limit reached", "Retry-After: 0"),
    "429_long": _error("429 Too Many Requests", "Rate limit reached", "Retry-After: 600"),
    "quota": _error("429 Too Many Requests", "You exceeded your current quota", code="insufficient_quota"),
    "500": _error("500 Internal Server Error", "The server had an error"),
    "502_html": _response("502 Bad Gateway", b"<html><h1>Bad gateway</h1></html>", content_type="text/html"),
    "401": _error("401 Unauthorized", "Incorrect API key provided", code="invalid_api_key"),
    "404_model": _error("404 Not Found", "The model `x` does not exist", code="model_not_found"),
    "404_path": _response("404 Not Found", b"not found", content_type="text/plain"),
    "400": _error("400 Bad Request", "temperature must be at most 2"),
    "redirect_to_metadata": _response("302 Found", b"", "Location: http://169.254.169.254/latest/meta-data/"),
    "malformed_json": _response("200 OK", b'{"choices": [{"mess'),
    "not_openai": _response("200 OK", b'{"hello": "world"}'),
    "html": _response("200 OK", b"<html>sign in</html>", content_type="text/html"),
    "wrong_types": _response("200 OK", b'{"id": 1, "choices": [{"message": {"content": {"a": 1}}}], "usage": "many"}'),
    "list": _response("200 OK", b"[1, 2]"),
    "gzip": _response("200 OK", b"\x1f\x8b", "Content-Encoding: gzip"),
    "empty": _response("200 OK", b""),
    "wrong_utf8": _response("200 OK", json.dumps(ANSWER).encode().replace(b"there", b"the\xffre")),
    "disconnect": b"",
    "stream": EVENTS + ROLE + b"".join(TEXTS) + END + COUNTS + DONE,
    "duplicate_done": EVENTS + ROLE + b"".join(TEXTS) + END + COUNTS + DONE + DONE,
    "cut_sse": EVENTS + ROLE + TEXTS[0],
    "cut_inside_event": EVENTS + ROLE + TEXTS[0] + TEXTS[1][:30],
    "malformed_sse": EVENTS + ROLE + TEXTS[0] + b"data: {nonsense\n\n",
    "error_sse": EVENTS + ROLE + TEXTS[0] + b'data: {"error": {"message": "overloaded"}}\n\n',
    "wrong_utf8_sse": EVENTS + ROLE + TEXTS[0] + TEXTS[1].replace(b"there", b"the\xffre") + END + DONE,
    "long_line": EVENTS + b"data: " + b"x" * 70_000 + b"\n\n",
}


@dataclass
class FakeProvider:
    """Answers the next request by the next entry of `script`; the last entry repeats."""

    script: list[str] = field(default_factory=lambda: ["ok"])
    requests: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._read(reader)
            await self._answer(self.script.pop(0) if len(self.script) > 1 else self.script[0], writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((line, headers, json.loads(body)))

    async def _answer(self, mode: str, writer: asyncio.StreamWriter) -> None:
        if mode in WHOLE:
            writer.write(WHOLE[mode])
        elif mode.startswith(SAY):
            writer.write(EVENTS + ROLE + _chunk(delta={"content": mode.removeprefix(SAY)}) + END + COUNTS + DONE)
        elif mode.startswith(EMBED):
            writer.write(_embedded(self.requests[-1][2], *map(int, mode.removeprefix(EMBED).split())))
        elif mode == "slow_first_byte":
            await asyncio.sleep(SLOW_SECONDS)
            writer.write(WHOLE["ok"])
        elif mode == "slow_stream":
            for part in (EVENTS + ROLE, *TEXTS, END + COUNTS + DONE):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(SLOW_SECONDS / 4)
        elif mode == "stall":
            await asyncio.sleep(30)
        elif mode == "stalled_stream":
            writer.write(EVENTS + ROLE + TEXTS[0])
            await writer.drain()
            await asyncio.sleep(30)
        elif mode == "dripping_headers":
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)
        elif mode == "endless":
            writer.write(EVENTS + ROLE + TEXTS[0])
            while True:
                writer.write(_chunk(delta={"content": "on and on " * 2_000}))
                await writer.drain()
        elif mode == "100MB":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n")
            for _ in range(100):
                writer.write(b" " * 1_048_576)
                await writer.drain()
        await writer.drain()


@contextmanager
def serving(provider: FakeProvider) -> Iterator[FakeProvider]:
    """Run the provider on a free loopback port until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(provider.handle, "127.0.0.1", 0), loop).result()
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
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
