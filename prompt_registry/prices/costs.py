"""What one call cost, fast enough to be asked for every span that is ingested."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from prompt_registry.prices.matching import prices_of
from prompt_registry.prices.snapshot import Price, all_prices

# Pico-dollars per token: of input, output, cache read, cache write, reasoning.
_Five = tuple[int, int, int, int, int]
# One price of a model: the first nanosecond it holds, its rates, and those above a number of input tokens, highest first.
_Rate = tuple[int, _Five, tuple[tuple[int, _Five], ...]]
_Rates = tuple[_Rate, ...]

_MODELS_REMEMBERED = 10_000


class Book:
    """The prices that hold for a project: its own first, then those of the list."""

    def __init__(self, *, own: Sequence[Price] = (), listed: Sequence[Price] = ()) -> None:
        self.own = tuple(own)
        self.listed = tuple(listed)
        self._rates: dict[tuple[str, str], _Rates] = {}

    def cost_nano_usd(
        self,
        *,
        provider: str,
        model: str,
        input_tokens: int,
        output_tokens: int,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
        reasoning_tokens: int = 0,
        at: int | datetime | None = None,
    ) -> int | None:
        """Return what a call cost in billionths of a dollar, None when the model's price is unknown.

        The input tokens include those read from and written to the provider's cache, the output tokens those of
        reasoning. `at` is when the call started, as a moment or in Unix nanoseconds: without it today's price holds,
        and before the first known price that one.
        """
        rates = self._rates.get((provider, model))
        if rates is None:
            rates = self._look_up(provider, model)
        if not rates:
            return None
        _, five, tiers = rates[0] if len(rates) == 1 else _valid_at(rates, at)
        if tiers:
            five = next((rate for above, rate in tiers if input_tokens > above), five)
        input_rate, output_rate, read_rate, write_rate, reasoning_rate = five
        if reasoning_tokens and reasoning_rate != output_rate:
            output = max(0, output_tokens - reasoning_tokens) * output_rate + reasoning_tokens * reasoning_rate
        else:
            output = output_tokens * output_rate
        if cache_read_tokens or cache_write_tokens:
            fresh = max(0, input_tokens - cache_read_tokens - cache_write_tokens)
            cached = cache_read_tokens * read_rate + cache_write_tokens * write_rate
            return (fresh * input_rate + cached + output + 500) // 1_000
        return (input_tokens * input_rate + output + 500) // 1_000

    def history(self, *, provider: str, model: str) -> tuple[Price, ...]:
        """Return the prices of a model in the order in which they are looked at: the project's own, newest first."""
        own = prices_of(provider=provider, model=model, prices=self.own)
        return own + prices_of(provider=provider, model=model, prices=self.listed)

    def _look_up(self, provider: str, model: str) -> _Rates:
        # Names come from callers, so what is remembered about them stays bounded.
        if len(self._rates) >= _MODELS_REMEMBERED:
            self._rates.clear()
        rates = self._rates[(provider, model)] = tuple(map(_rate_of, self.history(provider=provider, model=model)))
        return rates


SHIPPED = Book(listed=all_prices())
cost_nano_usd = SHIPPED.cost_nano_usd


def _rate_of(price: Price) -> _Rate:
    tiers = sorted(((tier.above, tier.pico_usd) for tier in price.tiers), reverse=True)
    return price.valid_from_ns, price.pico_usd, tuple(tiers)


def _valid_at(rates: _Rates, at: int | datetime | None) -> _Rate:
    at = time.time_ns() if at is None else at
    moment = at if isinstance(at, int) else int(at.timestamp()) * 1_000_000_000
    for rate in rates:
        if rate[0] <= moment:
            return rate
    return rates[-1]
