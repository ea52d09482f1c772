from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.providers.simulated.requests import InvalidRequest, parse_chat_request

USER = [{"role": "user", "content": "Hello"}]
GOOD = {"model": "simulated-fast", "messages": USER}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ([], None),
        ({}, "model"),
        ({"model": 1, "messages": USER}, "model"),
        ({"model": "gpt-4o", "messages": USER}, "model"),
        ({"model": "simulated-fast"}, "messages"),
        ({"model": "simulated-fast", "messages": []}, "messages"),
        ({"model": "simulated-fast", "messages": ["Hello"]}, "messages[0].role"),
        ({"model": "simulated-fast", "messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"model": "simulated-fast", "messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({**GOOD, "temperature": 3}, "temperature"),
        ({**GOOD, "temperature": "warm"}, "temperature"),
        ({**GOOD, "temperature": float("nan")}, "temperature"),
        ({**GOOD, "max_tokens": 0}, "max_tokens"),
        ({**GOOD, "max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({**GOOD, "seed": True}, "seed"),
        ({**GOOD, "stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({**GOOD, "stop": 5}, "stop"),
        ({**GOOD, "n": 2}, "n"),
        ({**GOOD, "tool_choice": "required"}, "tool_choice"),
        ({**GOOD, "response_format": {"type": "json_schema"}}, "response_format"),
    ],
)
def test_a_bad_request_is_refused_and_names_what_is_wrong(body, param):
    with pytest.raises(InvalidRequest) as raised:
        parse_chat_request(body)

    assert raised.value.param == param


def test_an_unknown_model_is_answered_as_openai_does():
    with pytest.raises(InvalidRequest, match="simulated-fast") as raised:
        parse_chat_request({**GOOD, "model": "gpt-4o"})

    assert (raised.value.status, raised.value.code) == (404, "model_not_found")


def test_content_in_parts_is_read_as_text():
    parts = [{"type": "text", "text": "one"}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    request = parse_chat_request({**GOOD, "messages": [{"role": "user", "content": parts}]})

    assert request.messages[0].content == "one\n\ntwo"


def test_the_newer_name_of_the_token_limit_wins():
    assert parse_chat_request({**GOOD, "max_tokens": 5, "max_completion_tokens": 9}).max_tokens == 9


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "messages",
                "temperature",
                "seed",
                "stop",
                "n",
                "max_tokens",
                "stream",
                "stream_options",
                "response_format",
            ]
        ),
        JSON,
    )
)
def test_any_body_is_read_or_refused(changes):
    with suppress(InvalidRequest):
        assert parse_chat_request({**GOOD, **changes}).model == "simulated-fast"
