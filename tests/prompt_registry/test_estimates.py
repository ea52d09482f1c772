"""The estimate counts what goes in and what comes out, and says when it does not know."""

from __future__ import annotations

import pytest

from prompt_registry import contents, estimates, prices
from prompt_registry.estimates import Expected


def _content(text: str = "Answer in {{language}}, please."):
    return contents.parse({"type": "text", "text": text})


def test_the_price_is_that_of_a_thousand_such_calls():
    found = estimates.estimate(_content(), values={}, expected=Expected("gpt-5-mini", 100))

    one = prices.cost_nano_usd(provider="", model="gpt-5-mini", input_tokens=found.input_tokens, output_tokens=100)
    assert found.usd_per_thousand == pytest.approx(one * 1000 / 1e9)


def test_what_stands_in_the_blanks_is_counted():
    short, long = (
        estimates.estimate(_content(), values={"language": words}, expected=Expected()).input_tokens
        for words in ("German", "German " * 100)
    )

    assert 95 <= long - short <= 105


@pytest.mark.parametrize("model", ["", "a-model-nobody-knows"])
def test_without_a_known_price_there_is_none(model):
    assert estimates.estimate(_content(), values={}, expected=Expected(model, 100)).usd_per_thousand is None


def test_values_that_do_not_fit_leave_the_text_to_count():
    content = _content("{{a}} " * 10_000)

    assert estimates.estimate(content, values={"a": "x" * 10_000}, expected=Expected()).input_tokens > 10_000
