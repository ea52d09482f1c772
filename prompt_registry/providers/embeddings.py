"""Asks an embedding model of an OpenAI-compatible provider for the vectors of texts."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from prompt_registry.providers import event_loop, headroom, limits, wire
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.errors import MalformedAnswer, RateLimited
from prompt_registry.providers.headroom import Headroom
from prompt_registry.providers.single_calls import wait_for_turn

# The answer to so many texts stays below what is read of one, however many digits the provider writes.
MOST_TEXTS = 32
MOST_DIMENSIONS = 4_096
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector for each text; `input_tokens` is None when the provider did not report them."""

    vectors: tuple[tuple[float, ...], ...]
    model: str
    input_tokens: int | None
    latency_ms: float


def embed(*, connection: Connection, model: str, texts: Sequence[str], tokens: int) -> Embedded:
    """Return the vectors of at most MOST_TEXTS texts, of about so many tokens; raises a ProviderError in plain words."""
    return event_loop.submit(_ask(connection, model, texts, tokens)).result()


async def _ask(connection: Connection, model: str, texts: Sequence[str], tokens: int) -> Embedded:
    # The openai package takes half a second to import, and a process may never call a model.
    from prompt_registry.providers.calls import with_tries

    name = limits.name_of(connection, model)
    said = headroom.NOTHING_SAID
    await wait_for_turn(name, tokens)

    async def one_try(tries: int) -> Embedded:
        nonlocal said
        found, said = await _create(connection, model, texts)
        return found

    deadline = asyncio.get_running_loop().time() + _SECONDS
    try:
        found = await with_tries(connection, one_try, deadline=deadline, may_pay_again=False)
    except RateLimited as error:
        await limits.refused(name, retry_after_seconds=error.retry_after_seconds)
        raise
    used = tokens if found.input_tokens is None else found.input_tokens
    await limits.answered(name, reserved_tokens=tokens, tokens=used, headroom=said)
    return found


async def _create(connection: Connection, model: str, texts: Sequence[str]) -> tuple[Embedded, Headroom]:
    from prompt_registry.providers.clients import client_for

    started = time.perf_counter()
    client = cast(Any, client_for(connection))
    # Said here because the client would ask for base64, which not every server knows.
    raw = await client.embeddings.with_raw_response.create(model=model, input=list(texts), encoding_format="float")
    latency_ms = (time.perf_counter() - started) * 1_000
    with wire.reading():
        answer = raw.parse()
        found = Embedded(
            vectors=_vectors(answer.data, len(texts)), model=str(answer.model or model),
            input_tokens=wire.read_input_tokens(answer.usage), latency_ms=latency_ms,
        )  # fmt: skip
    return found, headroom.read(raw.headers)


def _vectors(data: Sequence[Any], count: int) -> tuple[tuple[float, ...], ...]:
    rows = sorted(data, key=lambda row: int(row.index))
    found = tuple(tuple(float(value) for value in row.embedding) for row in rows)
    widths = {len(vector) for vector in found}
    if len(found) != count or len(widths) != 1 or not 1 <= widths.pop() <= MOST_DIMENSIONS:
        raise MalformedAnswer(detail="It did not hold one vector for each text, all of one length.")
    if not all(math.isfinite(value) for vector in found for value in vector):
        raise MalformedAnswer(detail="A vector holds something that is no number.")
    return found
