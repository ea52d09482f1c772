"""Asks a model: whole or streamed, with an event loop of one's own or without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from prompt_registry.providers import event_loop
from prompt_registry.providers.connections import TOTAL_SECONDS, Connection
from prompt_registry.providers.values import Completion, ModelSettings, TextChunk

Messages = Sequence[Mapping[str, Any]]


def complete(
    *, connection: Connection, messages: Messages, settings: ModelSettings, total_seconds: float = TOTAL_SECONDS
) -> Completion:
    """Return the model's whole answer; raises a ProviderError that says what happened and what to do."""
    return event_loop.submit(_whole(connection, messages, settings, total_seconds)).result()


async def complete_async(*, connection: Connection, messages: Messages, settings: ModelSettings) -> Completion:
    """Return the model's whole answer, as `complete` does, without blocking the caller's event loop."""
    return await asyncio.wrap_future(event_loop.submit(_whole(connection, messages, settings)))


def stream(*, connection: Connection, messages: Messages, settings: ModelSettings) -> Iterator[TextChunk | Completion]:
    """Yield the answer's pieces as they come, and last the whole answer.

    A ProviderError in the middle carries what had arrived in `partial_text`.
    """
    pieces = _pieces(connection, messages, settings)
    try:
        while (piece := event_loop.submit(_next(pieces)).result()) is not None:
            yield piece
    finally:
        event_loop.submit(_close(pieces)).result()


async def stream_async(
    *, connection: Connection, messages: Messages, settings: ModelSettings
) -> AsyncIterator[TextChunk | Completion]:
    """Yield the answer's pieces as `stream` does, without blocking the caller's event loop."""
    pieces = _pieces(connection, messages, settings)
    try:
        while (piece := await asyncio.wrap_future(event_loop.submit(_next(pieces)))) is not None:
            yield piece
    finally:
        await asyncio.wrap_future(event_loop.submit(_close(pieces)))


# The openai package takes 30 MB and half a second to import, and most processes never call a model.


def _whole(
    connection: Connection, messages: Messages, settings: ModelSettings, total_seconds: float = TOTAL_SECONDS
) -> Coroutine[Any, Any, Completion]:
    from prompt_registry.providers.calls import Call, ask

    return ask(Call(connection, messages, settings, total_seconds))


def _pieces(
    connection: Connection, messages: Messages, settings: ModelSettings
) -> AsyncIterator[TextChunk | Completion]:
    from prompt_registry.providers.calls import Call, ask_streaming

    return ask_streaming(Call(connection, messages, settings))


async def _next(pieces: AsyncIterator[TextChunk | Completion]) -> TextChunk | Completion | None:
    return await anext(pieces, None)


async def _close(pieces: Any) -> None:
    # A cancelled caller leaves the last step to end by itself first.
    while pieces.ag_running:
        await asyncio.sleep(0.01)
    await pieces.aclose()
