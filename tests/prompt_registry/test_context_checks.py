"""Calls that are too long for their model are found before anything is published."""

from __future__ import annotations

import pytest

from prompt_registry import context_checks
from prompt_registry.callers import NONE, Traffic
from prompt_registry.contents import PromptContent
from prompt_registry.findings import STOPS, TICK
from prompt_registry.prices import limits
from tests.prompt_registry.factories import chat

WORD = "parcel "


def content(words: int, *, model: str = "gpt-3.5-turbo", **settings: object) -> PromptContent:
    return chat(("system", WORD * words), settings={"model": model, **settings})


def levels(before: PromptContent | None, after: PromptContent, traffic: Traffic = NONE) -> list[str]:
    return [check.level for check in context_checks.run(before, after, traffic)]


def test_every_limit_names_its_source_and_its_date():
    for limit in limits.all_limits():
        assert limit.source.startswith("https://")
        assert 4_000 <= limit.context_tokens <= 2_000_000
        assert limit.as_of.year >= 2026


def test_no_limit_is_given_twice():
    names = [(limit.provider, limit.model) for limit in limits.all_limits()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("gpt-4o", 128_000), ("gpt-4o-2024-08-06", 128_000), ("openai/gpt-4o", 128_000), ("claude-haiku-4-5-20251001", 200_000)],
    ids=["exact", "dated", "vendor", "long-date"],
)  # fmt: skip
def test_limits_are_found_by_the_names_that_models_are_called_by(model, tokens):
    found = limits.of_model(model)

    assert found is not None
    assert found.context_tokens == tokens


def test_what_is_not_known_for_sure_is_unknown():
    assert limits.of_model("our-own-model") is None
    assert limits.of_model("") is None
    assert levels(None, content(20_000, model="our-own-model")) == []


def test_a_text_that_fits_says_nothing():
    assert levels(None, content(1_000)) == []


def test_a_text_beyond_the_limit_stops():
    (check,) = context_checks.run(None, content(20_000), NONE)

    assert check.level == STOPS
    assert "16,385" in check.sentence
    assert "gpt-3.5-turbo" in check.sentence


def test_a_text_near_the_limit_needs_a_tick():
    assert levels(None, content(15_500)) == [TICK]


def test_the_longest_answer_needs_room_too():
    assert levels(None, content(10_000)) == []
    assert levels(None, content(10_000, max_tokens=12_000)) == [STOPS]


def test_samples_in_the_blanks_count():
    def asking(sample: str) -> PromptContent:
        variables = [{"name": "history", "sample": sample, "required": True}]
        settings = {"model": "gpt-3.5-turbo", "max_tokens": 14_000}
        return chat(("user", "{{history}}"), variables=variables, settings=settings)

    assert levels(None, asking("short")) == []
    assert levels(None, asking(WORD * 1_300)) == [TICK]


def test_the_longest_real_call_counts_with_what_the_text_grew_by():
    before, after = content(100), content(6_000)
    traffic = Traffic(model="gpt-3.5-turbo", longest_input_tokens=13_000)

    (check,) = context_checks.run(before, after, traffic)

    assert check.level == STOPS
    assert "longest input of the last calls" in check.sentence
    assert levels(before, content(200), traffic) == []


def test_the_model_that_applications_chose_counts_when_the_prompt_names_none():
    traffic = Traffic(model="gpt-3.5-turbo", longest_input_tokens=16_000)

    assert levels(content(100, model=""), content(3_000, model=""), traffic) == [STOPS]


def test_a_smaller_model_is_measured_by_the_calls_of_the_larger_one():
    traffic = Traffic(model="gpt-4o", longest_input_tokens=60_000)

    assert levels(content(100, model="gpt-4o"), content(100), traffic) == [STOPS]


def test_a_limit_that_real_calls_went_beyond_is_not_believed():
    traffic = Traffic(model="gpt-3.5-turbo", longest_input_tokens=30_000)

    assert levels(content(100), content(200), traffic) == []
