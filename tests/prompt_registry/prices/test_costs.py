from __future__ import annotations

import timeit
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.prices.costs import cost_nano_usd

NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000_000
MILLION = 1_000_000


def cost(
    provider: str, model: str, input_tokens: int = MILLION, output_tokens: int = 0, *, at=NOW, **cached: int
) -> int | None:
    return cost_nano_usd(
        provider=provider, model=model, input_tokens=input_tokens, output_tokens=output_tokens, at=at, **cached
    )


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("openai", "gpt-4o-mini", 0.15),
        ("openai", "gpt-4o-mini-2024-07-18", 0.15),
        ("openai", "gpt-4o-2024-08-06", 2.5),
        ("openai", "gpt-4o-2024-05-13", 5.0),
        ("azure.ai.openai", "gpt-4o-2024-08-06", 2.5),
        ("openai", "openai/gpt-4o", 2.5),
        ("anthropic", "claude-sonnet-4-20250514", 3.0),
        ("anthropic", "claude-sonnet-4-5-20250929", 3.0),
        ("anthropic", "claude-3-5-haiku-latest", 0.8),
        ("gcp.vertex_ai", "gemini-2.5-flash", 0.3),
        ("gcp.gemini", "models/gemini-3-pro-preview", 2.0),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.0),
        ("aws.bedrock", "amazon.nova-lite-v1:0", 0.06),
        ("openai", "deepseek-chat", 0.28),
        ("", "claude-opus-4-1", 15.0),
        ("simulated", "simulated-fast", 0.15),
        ("openai", "simulated-fast", 0.15),
        ("OpenAI", " GPT-4o ", 2.5),
    ],
)
def test_a_known_model_has_its_price(provider, model, usd):
    assert cost(provider, model) == round(usd * 1e9)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5.6-sol"),
        ("openai", "gpt-4o-audio-preview"),
        ("openai", "gpt-4"),
        ("anthropic", "claude-opus-9"),
        ("anthropic", "gpt-4o"),
        ("ollama", "llama3.2"),
        ("ollama", "gpt-4o"),
        ("openai", ""),
        ("", ""),
        ("openai", "*"),
    ],
)
def test_an_unknown_model_has_no_price(provider, model):
    assert cost(provider, model) is None


def test_output_and_cached_tokens_have_their_own_prices():
    # gpt-4o: 2.50 in, 10.00 out, 1.25 from the cache.
    assert cost("openai", "gpt-4o", 1_000, 100, cache_read_tokens=400) == 600 * 2_500 + 400 * 1_250 + 100 * 10_000


def test_cache_writes_are_part_of_the_input():
    # claude-haiku-4-5: 1.00 in, 0.10 read, 1.25 write.
    written = cost("anthropic", "claude-haiku-4-5", 1_000, cache_read_tokens=300, cache_write_tokens=200)

    assert written == 500 * 1_000 + 300 * 100 + 200 * 1_250


def test_more_cached_than_sent_never_makes_a_call_cheaper_than_its_cache():
    assert cost("openai", "gpt-4o", 10, cache_read_tokens=1_000) == 1_000 * 1_250


@pytest.mark.parametrize(
    ("day", "usd"), [(datetime(2025, 5, 1, tzinfo=UTC), 10.0), (datetime(2025, 7, 1, tzinfo=UTC), 2.0)]
)
def test_the_price_of_the_day_is_taken(day, usd):
    assert cost("openai", "o3", at=day) == round(usd * 1e9)
    assert cost("openai", "o3", at=int(day.timestamp()) * 1_000_000_000) == round(usd * 1e9)


def test_without_a_moment_the_newest_price_holds():
    assert cost("openai", "o3", at=None) == 2_000_000_000


def test_a_call_from_before_the_first_price_gets_the_first():
    assert cost("openai", "o3", at=0) == 10_000_000_000


def test_prices_of_a_fraction_of_a_nano_dollar_are_not_lost():
    # gpt-4.1-nano reads its cache at 0.025 dollars per million: 25 nano-dollars a token; nova-lite at 15.
    assert cost("amazon", "nova-lite", 3, cache_read_tokens=3) == 45


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_costs_are_never_negative(input_tokens, output_tokens, cached):
    assert cost("openai", "gpt-4o", input_tokens, output_tokens, cache_read_tokens=cached) >= 0


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_name_is_answered(provider, model):
    assert cost(provider, model) is None or cost(provider, model) >= 0


def test_a_remembered_model_costs_about_a_microsecond():
    cost("openai", "gpt-4o")

    def once() -> None:
        cost_nano_usd(
            provider="openai", model="gpt-4o", input_tokens=900, output_tokens=80, cache_read_tokens=100, at=NOW
        )

    seconds = min(timeit.repeat(once, number=20_000, repeat=5)) / 20_000

    # 1 µs is the target on a quiet core; the test machine may be busy.
    assert seconds < 4e-6
