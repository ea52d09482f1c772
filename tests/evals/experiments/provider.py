"""A model provider on loopback whose answer is worked out from the question, and that counts what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.prompt_registry.providers.fake_provider import SAY, WHOLE, FakeProvider


@dataclass
class AnsweringProvider(FakeProvider):
    """`reply` takes the request and returns a text, or the name of a way to fail; `seconds` passes before."""

    reply: Callable[[dict[str, Any]], str] = lambda body: f"Answer to {last_of(body)}"
    seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most_under_way: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._read(reader)
            body = self.requests[-1][2]
            self.asked[last_of(body)] += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            await asyncio.sleep(self.seconds)
            said = self.reply(body)
            if said in WHOLE or said in ("stall", "slow_first_byte") or said.startswith(SAY):
                await self._answer(said, writer)
            else:
                writer.write(answer(said))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.under_way -= 1
            writer.close()


def answer(text: str, **values: Any) -> bytes:
    """Return a whole HTTP response with this answer."""
    body = {
        "id": "c", "object": "chat.completion", "created": 1, "model": "fake-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    } | values  # fmt: skip
    raw = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + raw


def last_of(body: dict[str, Any]) -> str:
    """Return the last message of a request."""
    return str(body["messages"][-1]["content"])
