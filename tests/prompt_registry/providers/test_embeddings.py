"""Texts as vectors from an OpenAI-compatible provider."""

from __future__ import annotations

import pytest

from prompt_registry.providers import embeddings
from prompt_registry.providers.errors import KeyRefused, MalformedAnswer, RateLimited
from prompt_registry.providers.simulated.embeddings import embed as simulated

TEXTS = ["Where is my parcel?", "I forgot my password"]


def ask(connection):
    return embeddings.embed(connection=connection, model="fake-embed", texts=TEXTS, tokens=20)


def test_each_text_has_its_own_vector_whatever_the_order_of_the_answer(provider, connection):
    provider.script = ["embed 8"]

    found = ask(connection)

    assert found.vectors == tuple(tuple(simulated(text, dimensions=8)) for text in TEXTS)
    assert found.input_tokens == 14
    (request,) = provider.requests
    assert request[0] == "POST /v1/embeddings HTTP/1.1"
    assert request[2] == {"model": "fake-embed", "input": TEXTS, "encoding_format": "float"}


def test_a_rate_limit_that_ends_soon_is_waited_for(provider, connection):
    provider.script = ["429", "embed 8"]

    assert len(ask(connection).vectors) == 2


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("401", KeyRefused), ("429_long", RateLimited), ("html", MalformedAnswer), ("not_openai", MalformedAnswer),
        ("malformed_json", MalformedAnswer), ("embed 8 1", MalformedAnswer), ("embed 5000", MalformedAnswer),
    ],
)  # fmt: skip
def test_anything_but_one_vector_for_each_text_is_an_error_in_plain_words(provider, connection, mode, error):
    provider.script = [mode]

    with pytest.raises(error):
        ask(connection)


def test_what_the_provider_may_charge_for_is_not_asked_twice(provider, connection):
    provider.script = ["not_openai"]

    with pytest.raises(MalformedAnswer) as caught:
        ask(connection)

    assert caught.value.is_maybe_billed
    assert len(provider.requests) == 1
