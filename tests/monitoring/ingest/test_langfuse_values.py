"""What the bodies of Langfuse observations mean."""

from __future__ import annotations

import pytest

from monitoring.ingest import langfuse_values as values

IN, OUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
READ, WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"
REASONING, COST = "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.cost"


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"usage": {"input": 3, "output": 2, "total": 5}}, {IN: 3, OUT: 2}),
        ({"usage": {"input": 3, "output": 2, "unit": "TOKENS"}}, {IN: 3, OUT: 2}),
        ({"usage": {"input": 300, "output": 20, "unit": "CHARACTERS"}}, {}),
        ({"usage": {"promptTokens": 7, "completionTokens": 4, "totalTokens": 11}}, {IN: 7, OUT: 4}),
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 4}}, {IN: 7, OUT: 4}),
        (
            {
                "usageDetails": {
                    "prompt_tokens": 9, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 5},
                    "completion_tokens_details": {"reasoning_tokens": 2},
                }
            },
            {IN: 9, OUT: 6, READ: 5, REASONING: 2},
        ),
        (
            {"usageDetails": {"input": 10, "output": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2}},
            {IN: 15, OUT: 5, READ: 3, WRITE: 2},
        ),
        ({"usageDetails": {"input": 10, "output": 5, "output_reasoning": 4}}, {IN: 10, OUT: 9, REASONING: 4}),
        ({"usageDetails": {"input": 1}, "usage": {"input": 99}}, {IN: 1}),
        ({"usageDetails": {"input": True, "output": "many"}}, {}),
        ({"usageDetails": {"input": 1e300, "output": -4}}, {IN: 2**31 - 1, OUT: 0}),
        ({"usage": "much"}, {}),
    ],
)  # fmt: skip
def test_tokens_are_counted_as_opentelemetry_counts_them(body, tokens):
    found = values.of_observation(body)

    assert {name: count for name, count in found.items() if name in (IN, OUT, READ, WRITE, REASONING)} == tokens


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ({"costDetails": {"input": 0.5, "output": 0.25, "total": 0.8}}, 0.8),
        ({"costDetails": {"input": 0.5, "output": 0.25}}, 0.75),
        ({"usage": {"totalCost": 0.3}}, 0.3),
        ({"usage": {"inputCost": 0.5, "outputCost": 0.25}}, 0.75),
        ({"usage": {"input": 3}}, None),
    ],
)
def test_a_price_that_was_sent_is_kept(body, cost):
    assert values.of_observation(body).get(COST) == cost


def test_known_model_parameters_get_their_names_and_the_others_stay_together():
    found = values.of_observation({"modelParameters": {"temperature": 0.2, "maxTokens": 9, "flavour": "mint"}})

    assert found == {
        "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 9, "langfuse.model_parameters": '{"flavour":"mint"}',
    }  # fmt: skip


def test_a_prompt_needs_its_name_and_its_version():
    both = values.of_observation({"promptName": "greeting", "promptVersion": 3})

    assert both == {"gen_ai.prompt.name": "greeting", "gen_ai.prompt.version": 3}
    assert values.of_observation({"promptName": "greeting"}) == {}


CHAT = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("value", [CHAT, {"messages": CHAT}, CHAT[0]])
def test_the_messages_of_a_call_stay_messages(value):
    assert values.of_payload(value, direction="input", is_call=True) == {"gen_ai.input.messages": CHAT}


@pytest.mark.parametrize(
    ("value", "is_call", "text"),
    [
        ("Hi", True, "Hi"),
        (CHAT, False, '[{"role":"user","content":"Hi"}]'),
        ({"a": 1}, True, '{"a":1}'),
        ([], True, "[]"),
    ],
)
def test_everything_else_becomes_text(value, is_call, text):
    assert values.of_payload(value, direction="output", is_call=is_call) == {"output.value": text}


def test_metadata_that_is_no_object_keeps_a_name():
    assert values.of_metadata(["a"]) == {"callboard.metadata.metadata": ["a"]}
    assert values.of_metadata({"channel": "mail"}) == {"callboard.metadata.channel": "mail"}
    assert values.of_metadata(None) == {}
