"""The price of a call now and with other words or another model, from what calls really used."""

from __future__ import annotations

import pytest

from prompt_registry import checks, price_changes
from prompt_registry.callers import Traffic
from tests.prompt_registry.factories import chat

SHORT, LONG = "Be kind.", "Be kind. " + "word " * 800
# What gpt-4o-mini costs: 0.15 dollars per million tokens in, 0.6 out.
CALLS = Traffic(call_count=50, input_tokens=1000.0, output_tokens=100.0, cost_usd=0.00021, model="gpt-4o-mini")


def content(words: str, model: str = "gpt-4o-mini"):
    return chat(("system", words), settings={"model": model})


def estimate(after, traffic: Traffic = CALLS, before=None):
    return price_changes.estimate(before=before or content(SHORT), after=after, traffic=traffic)


def test_the_same_words_cost_the_same():
    assert estimate(content(SHORT)).growth == pytest.approx(0)


def test_more_words_cost_more_tokens():
    price = estimate(content(LONG))

    assert price.now_usd == pytest.approx(0.21)
    assert price.then_usd == pytest.approx(0.21 + 0.15 * 1.0, rel=0.01)


def test_another_model_has_another_price():
    price = estimate(content(SHORT, model="gpt-4o"))

    assert price.then_usd == pytest.approx(2.5 * 1 + 10 * 0.1)


def test_what_was_measured_counts_before_the_table():
    half = Traffic(call_count=50, input_tokens=1000.0, output_tokens=100.0, cost_usd=0.000105, model="gpt-4o-mini")

    assert estimate(content(SHORT, model="gpt-4o"), half).then_usd == pytest.approx(3.5 / 2)


@pytest.mark.parametrize("traffic", [Traffic(), Traffic(call_count=3)])
def test_without_calls_nothing_is_known(traffic):
    assert estimate(content(LONG), traffic) == price_changes.PriceChange()


def test_a_model_without_a_price_leaves_the_price_open():
    price = estimate(content(SHORT, model="house-model"))

    assert (price.then_usd, price.growth) == (None, None)


def test_a_first_version_has_no_price_to_compare():
    assert price_changes.estimate(before=None, after=content(SHORT), traffic=CALLS) == price_changes.PriceChange()


def sentences(after, traffic: Traffic = CALLS) -> list[str]:
    found = checks.run(before=content(SHORT), after=after, traffic=traffic)
    return [check.sentence for check in found if check.level == checks.TICK]


def test_a_price_that_rises_by_more_than_a_third_needs_a_tick():
    assert "Every call costs about 71% more than now." in sentences(content(LONG))
    assert "Every call costs about 17 times as much as now." in sentences(content(SHORT, model="gpt-4o"))


def test_without_calls_the_length_needs_the_tick():
    (sentence,) = sentences(content(LONG), Traffic())

    assert "longer, so every call costs more" in sentence


def test_an_unknown_price_is_told():
    found = checks.run(before=None, after=content(SHORT, model="house-model"))

    assert ("informs", "The price of the model «house-model» is not known here.") in [
        (check.level, check.sentence) for check in found
    ]
