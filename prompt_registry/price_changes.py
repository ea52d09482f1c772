"""What a call of a prompt costs now, and what it would cost with other words or another model."""

from __future__ import annotations

from dataclasses import dataclass

from prompt_registry.callers import Traffic
from prompt_registry.contents import PromptContent
from prompt_registry.prices import cost_nano_usd

# About four characters of English are one token; measured calls correct the rest.
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class PriceChange:
    """The price of 1,000 calls in dollars, now and then; None when it is not known."""

    now_usd: float | None = None
    then_usd: float | None = None

    @property
    def growth(self) -> float | None:
        """By which share calls become dearer; negative when they become cheaper."""
        if not self.now_usd or self.then_usd is None:
            return None
        return self.then_usd / self.now_usd - 1


def estimate(*, before: PromptContent | None, after: PromptContent, traffic: Traffic) -> PriceChange:
    """Return both prices, from what the calls of the last 24 hours really used; without calls nothing is known."""
    if before is None or traffic.input_tokens is None or traffic.output_tokens is None:
        return PriceChange()
    more = (_length(after) - _length(before)) / _CHARACTERS_PER_TOKEN
    model = after.settings.model if after.settings.model != before.settings.model else ""
    table_now = _price(traffic.model, traffic.input_tokens, traffic.output_tokens)
    table_then = _price(model or traffic.model, max(0.0, traffic.input_tokens + more), traffic.output_tokens)
    now = traffic.cost_usd * 1000 if traffic.cost_usd is not None else table_now
    if not now or not table_now or table_then is None:
        return PriceChange(now, None if now else table_then)
    # What was measured counts discounts and caches in, which the table knows nothing of.
    return PriceChange(now, now * table_then / table_now)


def is_unknown(content: PromptContent) -> bool:
    """Tell whether the content names a model whose price is not known."""
    return bool(content.settings.model) and _price(content.settings.model, 1, 1) is None


def _price(model: str, input_tokens: float, output_tokens: float) -> float | None:
    """Return what 1,000 calls cost."""
    found = cost_nano_usd(
        provider="", model=model, input_tokens=round(input_tokens * 1000), output_tokens=round(output_tokens * 1000)
    )
    return None if found is None else found / 1e9


def _length(content: PromptContent) -> int:
    return sum(map(len, content.texts))
