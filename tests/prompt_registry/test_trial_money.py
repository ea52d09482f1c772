"""What an answer may cost, and what it did cost, without a database."""

from __future__ import annotations

import pytest

from prompt_registry.prices.costs import SHIPPED
from prompt_registry.providers.values import ModelSettings, Usage
from prompt_registry.trial_money import UNLIMITED_ANSWER, Cost, cost_of, dearest, estimate, guessed_usage

QUESTION = [{"role": "user", "content": "Where is my parcel? " * 40}]


def settings(**values: object) -> ModelSettings:
    return ModelSettings(model="gpt-5-mini", **values)


def test_the_worst_case_is_never_below_what_the_longest_answer_costs():
    limited = estimate(book=SHIPPED, messages=QUESTION, settings=settings(max_tokens=500), is_simulated=False)
    longest = cost_of(
        book=SHIPPED, model="gpt-5-mini", usage=Usage(input_tokens=300, output_tokens=500), is_simulated=False
    )

    assert limited.expected.nano_usd < longest.nano_usd <= limited.worst.nano_usd


def test_an_answer_without_a_limit_is_counted_with_a_long_one():
    open_end = estimate(book=SHIPPED, messages=[], settings=settings(), is_simulated=False)
    limited = estimate(book=SHIPPED, messages=[], settings=settings(max_tokens=UNLIMITED_ANSWER), is_simulated=False)

    assert open_end.worst == limited.worst


def test_tools_and_answer_forms_count_as_well():
    plain = estimate(book=SHIPPED, messages=QUESTION, settings=settings(), is_simulated=False)
    with_tools = estimate(
        book=SHIPPED,
        messages=QUESTION,
        settings=settings(tools=({"type": "function", "name": "x" * 4000},)),
        is_simulated=False,
    )

    assert with_tools.worst.nano_usd > plain.worst.nano_usd


@pytest.mark.parametrize("model", ["our-own-model", "", "gpt-nothing-like-it"])
def test_an_unknown_price_counts_as_the_dearest_one(model):
    read, written = dearest()

    cost = cost_of(
        book=SHIPPED, model=model, usage=Usage(input_tokens=1_000_000, output_tokens=1_000_000), is_simulated=False
    )

    assert cost == Cost(round((read + written) * 1_000_000_000), is_price_known=False)


def test_the_simulated_provider_costs_nothing():
    assert cost_of(
        book=SHIPPED, model="gpt-5-mini", usage=Usage(input_tokens=9, output_tokens=9), is_simulated=True
    ) == Cost(0)


def test_what_was_read_from_a_cache_is_cheaper():
    fresh = cost_of(book=SHIPPED, model="gpt-5-mini", usage=Usage(input_tokens=10_000), is_simulated=False)
    cached = cost_of(
        book=SHIPPED, model="gpt-5-mini", usage=Usage(input_tokens=10_000, cache_read_tokens=9_000), is_simulated=False
    )

    assert cached.nano_usd < fresh.nano_usd


def test_a_sum_knows_when_one_part_was_a_guess():
    assert Cost(1) + Cost(2, is_price_known=False) == Cost(3, is_price_known=False)


def test_an_answer_that_was_cut_off_is_counted_by_its_length():
    usage = guessed_usage(messages=QUESTION, settings=settings(), text="Half an answer")

    assert usage.input_tokens > 200
    assert usage.output_tokens == 4
