"""A model provider that answers every question after a fixed time, or fails a share of them, and counts what it is asked.

`GET /counts` says how many requests came, how many are being answered, and how many questions were answered again
although they had been answered, or were being answered, before.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections import Counter

_LIMITED = (429, "Too Many Requests", "rate_limit_exceeded")
_BROKEN = (500, "Internal Server Error", "server_error")
_LATE = (504, "Gateway Timeout", "timeout")
_FAILURES = (_LIMITED, _BROKEN, _LATE)
# A gateway gives up on its model only after a while.
_LATE_SECONDS = 3.0


class Provider:
    """Answers chat completions on loopback, connection after connection."""

    def __init__(self, *, seconds: float, failing: float) -> None:
        self._seconds, self._failing = seconds, failing
        self._tries: Counter[bytes] = Counter()
        self._answers: Counter[bytes] = Counter()
        self._under_way = 0
        self._most_under_way = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until the client leaves."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET"):
                    writer.write(_response(200, "OK", self.counts()))
                    continue
                body = await reader.readexactly(_length(head))
                writer.write(await self._answer(hashlib.sha256(body).digest()))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def counts(self) -> dict[str, int]:
        """Return what happened so far."""
        return {
            "requests": self._tries.total(), "under_way": self._under_way, "most_under_way": self._most_under_way,
            "repeated": sum(count - 1 for count in self._answers.values() if count > 1),
        }  # fmt: skip

    async def _answer(self, question: bytes) -> bytes:
        self._tries[question] += 1
        number = self._tries[question]
        self._under_way += 1
        self._most_under_way = max(self._most_under_way, self._under_way)
        try:
            failure = self._failure(question, number)
            if failure is None:
                self._answers[question] += 1
            await asyncio.sleep(_LATE_SECONDS if failure is _LATE else self._seconds)
        finally:
            self._under_way -= 1
        if failure is None:
            return _response(200, "OK", _completion(f"Answer {question.hex()[:12]}"))
        status, reason, code = failure
        return _response(status, reason, {"error": {"message": reason, "type": code, "code": code, "param": None}})

    def _failure(self, question: bytes, number: int) -> tuple[int, str, str] | None:
        """Draw whether this try fails; the same question fails in the same way in every run."""
        draw = int.from_bytes(hashlib.sha256(question + number.to_bytes(4, "big")).digest()[:6], "big") / 2**48
        return _FAILURES[int(draw * 3 / self._failing)] if draw < self._failing else None


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _completion(text: str) -> dict[str, object]:
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "bench-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100},
    }  # fmt: skip


def _response(status: int, reason: str, body: object) -> bytes:
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


async def _run(provider: Provider) -> None:
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Listen on a free port, print it, and answer until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--failing", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(_run(Provider(seconds=options.seconds, failing=options.failing)))


if __name__ == "__main__":
    main()
