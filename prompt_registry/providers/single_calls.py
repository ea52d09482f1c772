"""Calls that are made once each, so many at a time: whoever started them decides whether to try again."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from prompt_registry.providers import event_loop, limits
from prompt_registry.providers.connections import TOTAL_SECONDS, Connection
from prompt_registry.providers.errors import ProviderError, ProviderPaused, RateLimited
from prompt_registry.providers.values import Completion, ModelSettings

# A call that would wait longer for its turn gives its place to others.
PATIENCE_SECONDS = 5.0


class MustWait(ProviderError):
    """The provider's limit is reached. The call was not made; it waits for its turn."""


@dataclass(slots=True)
class SingleCall:
    """A call that waits for its turn or is under way; once it ended it has a completion, an error, or was hung up."""

    connection: Connection
    messages: Sequence[Mapping[str, Any]]
    settings: ModelSettings
    # What is probably read and written, for the limits of the provider.
    tokens: int
    completion: Completion | None = None
    error: BaseException | None = None
    # Whether the provider may have seen it.
    was_sent: bool = False
    latency_ms: float = 0.0
    _future: Future[None] | None = field(default=None, repr=False)

    def cancel(self) -> None:
        """Hang up, or do not begin."""
        if self._future is not None:
            self._future.cancel()


class Lines:
    """So many lines to providers, for calls that begin as soon as one is free."""

    def __init__(self, *, count: int, changed: threading.Event) -> None:
        self._free = asyncio.Semaphore(count)
        self._changed = changed
        self._ended: deque[SingleCall] = deque()

    def start(self, call: SingleCall) -> None:
        """Make the call in the background."""
        future = event_loop.submit(self._make(call))
        call._future = future
        future.add_done_callback(lambda _: self._note_end(call))

    def ended(self) -> list[SingleCall]:
        """Return the calls that ended since the last look."""
        found = []
        while self._ended:
            found.append(self._ended.popleft())
        return found

    def _note_end(self, call: SingleCall) -> None:
        self._ended.append(call)
        self._changed.set()

    async def _make(self, call: SingleCall) -> None:
        async with self._free:
            try:
                async with asyncio.timeout(TOTAL_SECONDS + PATIENCE_SECONDS):
                    await _ask(call)
            except Exception as error:  # whoever started the call reads it
                call.error = error


async def _ask(call: SingleCall) -> None:
    # The openai package takes half a second to import, and a process may never call a model.
    from prompt_registry.providers.calls import Call, ask_once

    name = limits.name_of(call.connection, call.settings.model)
    await wait_for_turn(name, call.tokens)
    call.was_sent, started = True, time.perf_counter()
    try:
        call.completion, headroom = await ask_once(Call(call.connection, call.messages, call.settings))
    except RateLimited as error:
        await limits.refused(name, retry_after_seconds=error.retry_after_seconds)
        raise
    except ProviderPaused:
        call.was_sent = False
        raise
    finally:
        call.latency_ms = (time.perf_counter() - started) * 1_000
    usage = call.completion.usage
    used = usage.input_tokens + usage.output_tokens if usage else call.tokens
    await limits.answered(name, reserved_tokens=call.tokens, tokens=used, headroom=headroom)


async def wait_for_turn(name: str, tokens: int) -> None:
    """Return when the limits of the provider have room for a call of so many tokens; MustWait when that is far away."""
    patience = PATIENCE_SECONDS
    while (wait := await limits.take(name, tokens=tokens)) > 0:
        if wait > patience:
            raise MustWait(retry_after_seconds=wait)
        patience -= wait
        await asyncio.sleep(wait * random.uniform(1.0, 1.2))  # noqa: S311 - spreads those who wait
