"""What an answer will about cost, what it costs at most, and what it did cost."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompt_registry.prices.costs import Book
from prompt_registry.prices.snapshot import all_prices
from prompt_registry.providers.values import ModelSettings, Usage
from prompt_registry.rendering import utf8_length

# Bytes of a token: usual English text, and the densest scripts.
_BYTES_USUALLY, _BYTES_AT_LEAST = 3.6, 2.0
_TOKENS_PER_MESSAGE = 8
_USUAL_ANSWER = 300
# What is set aside for an answer whose length nobody limits.
UNLIMITED_ANSWER = 4_096
_NANO_PER_TOKEN = 1_000

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in billionths of a dollar; when the price is unknown it is that of the dearest model we know."""

    nano_usd: int
    is_price_known: bool = True

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.nano_usd + other.nano_usd, self.is_price_known and other.is_price_known)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call will about cost and what it will cost at most."""

    expected: Cost
    worst: Cost


def estimate(*, book: Book, messages: Messages, settings: ModelSettings, is_simulated: bool) -> Estimate:
    """Return what asking this may cost."""
    size = _bytes_of(messages, settings)
    longest = settings.max_tokens or UNLIMITED_ANSWER
    usual, most = (_input_tokens(size, len(messages), bytes_) for bytes_ in (_BYTES_USUALLY, _BYTES_AT_LEAST))
    return Estimate(
        expected=_cost(book, settings.model, Usage(usual, min(_USUAL_ANSWER, longest)), is_simulated=is_simulated),
        worst=_cost(book, settings.model, Usage(most, longest), is_simulated=is_simulated),
    )


def cost_of(*, book: Book, model: str, usage: Usage, is_simulated: bool) -> Cost:
    """Return what an answer cost by the prices of its project."""
    return _cost(book, model, usage, is_simulated=is_simulated)


def guessed_usage(*, messages: Messages, settings: ModelSettings, text: str) -> Usage:
    """Return about how many tokens a call took whose provider did not say, because it was cut off or never does."""
    size = _bytes_of(messages, settings)
    answer = math.ceil(utf8_length(text) / _BYTES_USUALLY)
    return Usage(input_tokens=_input_tokens(size, len(messages), _BYTES_USUALLY), output_tokens=answer)


@functools.cache
def dearest() -> tuple[float, float]:
    """Return the dearest known prices of a million tokens read and written, which stand for every unknown one."""
    prices = all_prices()
    return max(price.input for price in prices), max(price.output for price in prices)


def _cost(book: Book, model: str, usage: Usage, *, is_simulated: bool) -> Cost:
    if is_simulated:
        return Cost(0)
    known = book.cost_nano_usd(
        provider="", model=model, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens, reasoning_tokens=usage.reasoning_tokens,
    )  # fmt: skip
    if known is not None:
        return Cost(known)
    read_usd, written_usd = dearest()
    # A dollar for a million tokens is a thousand nano-dollars for one.
    nano = (usage.input_tokens * read_usd + usage.output_tokens * written_usd) * _NANO_PER_TOKEN
    return Cost(math.ceil(nano), is_price_known=False)


def _input_tokens(size: int, messages: int, bytes_per_token: float) -> int:
    return math.ceil(size / bytes_per_token) + _TOKENS_PER_MESSAGE * max(1, messages)


def _bytes_of(messages: Messages, settings: ModelSettings) -> int:
    around = [dict(tool) for tool in settings.tools], settings.response_schema and dict(settings.response_schema)
    size = sum(utf8_length(str(message.get("content") or "")) for message in messages)
    return size + (utf8_length(json.dumps(around)) if any(around) else 0)
