"""The settings of a call are the same whatever the dialect."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.trace_settings import settings_of


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 300, "gen_ai.request.stop_sequences": ["END"]},
        {"llm.invocation_parameters": '{"temperature": 0.2, "max_tokens": 300, "stop": ["END"], "model": "m"}'},
        {
            "langfuse.observation.model.parameters": '{"temperature": 0.2, "max_tokens": 300, "stop": ["END"], "top_p": null}'
        },
        {"ai.settings.temperature": 0.2, "ai.settings.maxOutputTokens": 300, "ai.settings.stopSequences": ["END"]},
    ],
)
def test_every_dialect_tells_the_same_settings(attributes: dict[str, Any]) -> None:
    assert settings_of(attributes) == {"temperature": 0.2, "max_tokens": 300, "stop_sequences": ["END"]}


def test_the_asked_model_comes_first() -> None:
    assert list(settings_of({"gen_ai.request.seed": 1, "gen_ai.request.model": "gpt-4o"})) == ["model", "seed"]


@pytest.mark.parametrize("told", ["not json", "[1]", 5, None])
def test_settings_that_cannot_be_read_are_none(told: Any) -> None:
    assert settings_of({"llm.invocation_parameters": told}) == {}
