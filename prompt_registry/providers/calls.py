"""One model call on the provider loop: tries, waits, limits and the breaker."""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx2
import openai
from openai.types.chat import ChatCompletion

from projects.outbound.errors import OutboundError
from prompt_registry.providers import clients, headroom, wire
from prompt_registry.providers.breaker import Breaker
from prompt_registry.providers.connections import TOTAL_SECONDS, Connection
from prompt_registry.providers.errors import (
    MalformedAnswer,
    ProviderError,
    ProviderPaused,
    RateLimited,
)
from prompt_registry.providers.headroom import Headroom
from prompt_registry.providers.retries import wait_seconds
from prompt_registry.providers.translation import translated
from prompt_registry.providers.values import Completion, ModelSettings, TextChunk

T = TypeVar("T")

# ValueError is what JSON and UTF-8 that cannot be decoded raise.
_CAUGHT = (ProviderError, OutboundError, openai.OpenAIError, TimeoutError, ValueError)
_BREAKERS_KEPT = 1_024
_breakers: OrderedDict[tuple[int, int, int], Breaker] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask, of whom, and until when.

    Unless it `may_pay_again`, a try that the provider may charge for is the last one: the money was set aside for one.
    """

    connection: Connection
    messages: Sequence[Mapping[str, Any]]
    settings: ModelSettings
    total_seconds: float = TOTAL_SECONDS
    may_pay_again: bool = True


async def ask(call: Call) -> Completion:
    """Return the whole answer of the provider, after at most three tries."""
    deadline = asyncio.get_running_loop().time() + call.total_seconds

    async def one_try(tries: int) -> Completion:
        started = time.perf_counter()
        answer = await _create(call)
        if not isinstance(answer, ChatCompletion):
            raise MalformedAnswer
        with wire.reading():
            return wire.read_completion(answer, tries=tries, latency_ms=_ms_since(started))

    return await with_tries(call.connection, one_try, deadline=deadline, may_pay_again=call.may_pay_again)


async def ask_once(call: Call) -> tuple[Completion, Headroom]:
    """Return the whole answer of one single try, and what its headers say about the limits."""
    deadline = asyncio.get_running_loop().time() + call.total_seconds
    said = headroom.NOTHING_SAID

    async def one_try(tries: int) -> Completion:
        nonlocal said
        started = time.perf_counter()
        answered = await _post(call)
        said = headroom.read(answered.headers)
        with wire.reading():
            answer = ChatCompletion.construct(**answered.json())
            return wire.read_completion(answer, tries=tries, latency_ms=_ms_since(started))

    return await _guarded(call.connection, one_try, 1, deadline), said


async def ask_streaming(call: Call) -> AsyncIterator[TextChunk | Completion]:
    """Yield the answer's pieces as they come and the whole answer at the end; only the start is tried again."""
    deadline = asyncio.get_running_loop().time() + call.total_seconds
    answer = wire.StreamedAnswer()
    chunks: Any = None
    started = time.perf_counter()
    tries = 0

    async def open_stream(number: int) -> str | None:
        nonlocal answer, chunks, started, tries
        answer, started, tries = wire.StreamedAnswer(), time.perf_counter(), number
        chunks = await _create(call, stream=True, stream_options={"include_usage": True})
        return await _next_text(chunks, answer)

    text = await with_tries(call.connection, open_stream, deadline=deadline, may_pay_again=call.may_pay_again)
    first_ms = _ms_since(started)
    try:
        while text is not None:
            yield TextChunk(text)
            text = await _rest_of(call.connection, chunks, answer, deadline)
        yield answer.completion(tries=tries, latency_ms=_ms_since(started), first_chunk_ms=first_ms)
    except ProviderError as error:
        error.partial_text = answer.text
        raise
    finally:
        await chunks.close()


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1_000


async def _create(call: Call, **extra: Any) -> Any:
    client = clients.client_for(call.connection)
    return await cast(Any, client.chat.completions).create(**_body(call), **extra)


async def _post(call: Call) -> httpx2.Response:
    # `create` walks through every argument to rename it, which takes as long as sending; the body is in the format already.
    client = clients.client_for(call.connection)
    return await client.post("/chat/completions", cast_to=httpx2.Response, body=_body(call))


def _body(call: Call) -> dict[str, Any]:
    return wire.request_body(base_url=call.connection.base_url, messages=call.messages, settings=call.settings)


async def _next_text(chunks: Any, answer: wire.StreamedAnswer) -> str | None:
    while (chunk := await anext(chunks, None)) is not None:
        with wire.reading():
            text = answer.add(chunk)
        if text:
            return text
    return None


async def _rest_of(connection: Connection, chunks: Any, answer: wire.StreamedAnswer, deadline: float) -> str | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await _next_text(chunks, answer)
    except _CAUGHT as raised:
        error = translated(raised)
        _note(_breaker_of(connection), error)
        raise error from raised


async def with_tries(
    connection: Connection, one_try: Callable[[int], Awaitable[T]], *, deadline: float, may_pay_again: bool = True
) -> T:
    """Return what the first try brings that succeeds; after the last one its ProviderError is raised."""
    tries = 0
    while True:
        tries += 1
        try:
            return await _guarded(connection, one_try, tries, deadline)
        except ProviderError as error:
            roll = random.random()  # noqa: S311  # spreads retries
            wait = wait_seconds(error=error, tries=tries, roll=roll, may_pay_again=may_pay_again)
            if wait is None or asyncio.get_running_loop().time() + wait >= deadline:
                raise
        await asyncio.sleep(wait)


async def _guarded(connection: Connection, one_try: Callable[[int], Awaitable[T]], tries: int, deadline: float) -> T:
    breaker = _breaker_of(connection)
    if not breaker.may_call(now=time.monotonic()):
        raise ProviderPaused
    try:
        async with asyncio.timeout_at(deadline):
            result = await one_try(tries)
    except _CAUGHT as raised:
        error = translated(raised)
        _note(breaker, error)
        raise error from raised
    except asyncio.CancelledError:
        breaker.gave_up()
        raise
    breaker.succeeded()
    return result


def _breaker_of(connection: Connection) -> Breaker:
    breaker = _breakers.setdefault(connection.key, Breaker())
    _breakers.move_to_end(connection.key)
    if len(_breakers) > _BREAKERS_KEPT:
        _breakers.popitem(last=False)
    return breaker


def _note(breaker: Breaker, error: ProviderError) -> None:
    # A refused key, an unknown model or a rate limit says nothing about whether the provider works.
    if error.is_retryable and not isinstance(error, RateLimited):
        breaker.failed(now=time.monotonic())
    else:
        breaker.gave_up()
