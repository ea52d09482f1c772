"""What the bodies of older Langfuse events become, read by the table of all dialects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.ingest import langfuse_values as values
from monitoring.ingest import rows
from monitoring.ingest.rows import Sender
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import Kind

SENDER = Sender(project_id=1, environment="", received_at=datetime(2026, 11, 28, tzinfo=UTC))


def stored(body: dict[str, Any], kind: str = "generation") -> dict[str, Any]:
    """Return the columns of a call that has this body."""
    span = RawSpan(b"t" * 16, b"s" * 8, b"", "answer", 1, 2, 0, "", values.of_observation(body, kind), {})
    return dict(zip(rows.COLUMNS, rows.row(span, SENDER), strict=True))


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"usage": {"input": 3, "output": 2, "total": 5}}, (3, 2, None, None)),
        ({"usage": {"input": 3, "output": 2, "unit": "TOKENS"}}, (3, 2, None, None)),
        ({"usage": {"input": 300, "output": 20, "unit": "CHARACTERS"}}, (None, None, None, None)),
        ({"usage": {"promptTokens": 7, "completionTokens": 4, "totalTokens": 11}}, (7, 4, None, None)),
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 4}}, (7, 4, None, None)),
        (
            {
                "usageDetails": {
                    "prompt_tokens": 9, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 5},
                    "completion_tokens_details": {"reasoning_tokens": 2},
                }
            },
            (9, 6, 5, 2),
        ),
        ({"usageDetails": {"input": 10, "output": 5, "cache_read_input_tokens": 3}}, (13, 5, 3, None)),
        ({"usageDetails": {"input": 1}, "usage": {"input": 99}}, (1, None, None, None)),
        ({"usage": "much", "usageDetails": []}, (None, None, None, None)),
    ],
)  # fmt: skip
def test_tokens_are_counted(body, tokens):
    found = stored(body)

    assert tuple(found[f"{name}_tokens"] for name in ("input", "output", "cache_read", "reasoning")) == tokens


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ({"costDetails": {"input": 0.5, "output": 0.25, "total": 0.75}}, 750_000_000),
        ({"costDetails": {"input": 0.5, "output": 0.25}}, 750_000_000),
        ({"usage": {"totalCost": 0.25}}, 250_000_000),
        ({"usage": {"inputCost": 0.5, "outputCost": 0.25}}, 750_000_000),
        ({"usage": {"input": 3}}, None),
    ],
)
def test_a_price_that_was_sent_is_kept(body, cost):
    assert stored(body)["cost_nano_usd"] == cost


def test_a_prompt_needs_its_name_and_its_version():
    both, alone = stored({"promptName": "greeting", "promptVersion": 3}), stored({"promptName": "greeting"})

    assert (both["prompt_name"], both["prompt_version"]) == ("greeting", 3)
    assert (alone["prompt_name"], alone["prompt_version"]) == ("", 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("generation", Kind.LLM),
        ("span", Kind.OTHER),
        ("event", Kind.OTHER),
        ("tool", Kind.TOOL),
        ("retriever", Kind.RETRIEVER),
    ],
)
def test_the_kind_of_an_observation_is_the_kind_of_the_step(name, kind):
    assert stored({}, name)["kind"] == kind


CHAT = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("value", [CHAT, {"messages": CHAT}, CHAT[0], "Hi"])
def test_what_a_call_was_asked_is_a_conversation(value):
    found = stored({"input": value})

    assert (found["input"], found["input_preview"]) == ('[{"role":"user","content":"Hi"}]', "Hi")


def test_what_a_step_was_given_stays_as_it_is():
    assert stored({"input": {"query": "order"}}, "span")["input"] == '{"query":"order"}'
    assert stored({"input": 0}, "span")["input"] == "0"
    assert stored({"input": None}, "span")["input"] is None


def test_metadata_keeps_its_names_and_what_is_no_object_gets_one():
    assert stored({"metadata": {"channel": "mail"}})["metadata"] == '{"channel":"mail"}'
    assert stored({"metadata": ["a"]})["metadata"] == '{"metadata":["a"]}'


def test_model_parameters_are_kept():
    found = values.of_observation({"modelParameters": {"temperature": 0.2}}, "generation")

    assert found["langfuse.observation.model.parameters"] == '{"temperature":0.2}'
