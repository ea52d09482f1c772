"""What one call cost, fast enough to be asked for every span that is ingested."""

from __future__ import annotations

from datetime import datetime

from prompt_registry.prices.matching import prices_of
from prompt_registry.prices.snapshot import all_prices

# Rates of one model, newest first: the first nanosecond they hold, then pico-dollars per token of each kind.
_Rates = tuple[tuple[int, int, int, int, int], ...]

_rates: dict[tuple[str, str], _Rates] = {}
_MODELS_REMEMBERED = 10_000


def cost_nano_usd(
    *,
    provider: str,
    model: str,
    input_tokens: int,
    output_tokens: int,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
    at: int | datetime | None = None,
) -> int | None:
    """Return what a call cost in billionths of a dollar, None when the model's price is unknown.

    The input tokens include those read from and written to the provider's cache. `at` is when the call
    started, as a moment or in Unix nanoseconds: without it the newest price holds, and before the first known
    price that one.
    """
    rates = _rates.get((provider, model))
    if rates is None:
        rates = _look_up(provider, model)
    if not rates:
        return None
    chosen = rates[0] if at is None or len(rates) == 1 else _valid_at(rates, at)
    _, input_rate, output_rate, read_rate, write_rate = chosen
    if cache_read_tokens or cache_write_tokens:
        fresh = max(0, input_tokens - cache_read_tokens - cache_write_tokens)
        cached = cache_read_tokens * read_rate + cache_write_tokens * write_rate
        return (fresh * input_rate + cached + output_tokens * output_rate + 500) // 1_000
    return (input_tokens * input_rate + output_tokens * output_rate + 500) // 1_000


def _look_up(provider: str, model: str) -> _Rates:
    # Names come from callers, so what is remembered about them stays bounded.
    if len(_rates) >= _MODELS_REMEMBERED:
        _rates.clear()
    found = prices_of(provider=provider, model=model, prices=all_prices())
    rates = _rates[(provider, model)] = tuple((price.valid_from_ns, *price.pico_usd) for price in found)
    return rates


def _valid_at(rates: _Rates, at: int | datetime) -> tuple[int, int, int, int, int]:
    moment = at if isinstance(at, int) else int(at.timestamp()) * 1_000_000_000
    for rate in rates:
        if rate[0] <= moment:
            return rate
    return rates[-1]
