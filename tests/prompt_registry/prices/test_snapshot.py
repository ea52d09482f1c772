from __future__ import annotations

from collections import Counter
from datetime import date
from urllib.parse import urlsplit

from prompt_registry.prices.snapshot import all_prices


def test_every_price_names_its_source_and_its_dates():
    for price in all_prices():
        assert price.provider == "simulated" or urlsplit(price.source).scheme == "https"
        assert date(2023, 1, 1) < price.valid_from <= price.as_of


def test_no_price_is_given_twice_for_the_same_day():
    counts = Counter((price.provider, price.model, price.valid_from) for price in all_prices())

    assert max(counts.values()) == 1


def test_prices_are_plausible():
    for price in all_prices():
        assert 0 < price.input < 100
        assert price.output == 0 or price.input <= price.output <= 200
        assert price.cache_read <= price.input <= price.cache_write


def test_names_are_lower_case_and_only_end_in_a_star():
    for price in all_prices():
        assert price.model == price.model.lower().strip()
        assert "*" not in price.model[:-1]


def test_every_simulated_model_has_a_price():
    models = {price.model for price in all_prices() if price.provider == "simulated"}

    assert {"simulated-fast", "simulated-large", "simulated-slow", "simulated-flaky"} <= models
