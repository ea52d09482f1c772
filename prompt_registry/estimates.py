"""What a prompt will probably cost, said with «about» and before anybody runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prompt_registry import prices, rendering, tokens
from prompt_registry.contents import PromptContent
from prompt_registry.errors import RenderingError

# Role, separators and the start of the answer, as chat models count them.
_TOKENS_PER_MESSAGE = 4
_PER = 1_000


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known beforehand: the model that answers, and how many tokens its answers take (0: nobody knows)."""

    model: str = ""
    answer_tokens: int = 0
    is_from_traffic: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how many tokens go in, and what 1,000 answers cost; no price when the model or its price is unknown."""

    input_tokens: int
    expected: Expected
    usd_per_thousand: float | None


def estimate(content: PromptContent, *, values: Mapping[str, str], expected: Expected) -> Estimate:
    """Return the estimate for a prompt with these values in its blanks."""
    amount = tokens.about(_filled(content, values)) + _TOKENS_PER_MESSAGE * len(content.messages)
    cost = prices.cost_nano_usd(
        provider="", model=expected.model, input_tokens=amount, output_tokens=expected.answer_tokens
    ) if expected.model else None  # fmt: skip
    return Estimate(amount, expected, None if cost is None else cost * _PER / 1e9)


def _filled(content: PromptContent, values: Mapping[str, str]) -> list[str]:
    try:
        return [rendering.render_text(text, values).text for text in content.texts]
    except RenderingError:
        return content.texts
