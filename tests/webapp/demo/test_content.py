from __future__ import annotations

import random

import pytest

from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.topics import language_of, topic_of
from webapp.demo import shop
from webapp.demo.exchanges import make, variables_for
from webapp.demo.prompts import PROMPTS, REFUND, SEARCH, SUMMARY, DemoPrompt

BY_NAME = {prompt.name: prompt for prompt in PROMPTS}


def flaw_share(name: str, version: int, flaw: str, *, times: int = 300) -> float:
    """Ask a version with many visitors' texts and return how often the flaw came."""
    prompt = BY_NAME[name]
    chosen = next(one for one in prompt.versions if one.number == version)
    rng = random.Random(5)
    found = 0
    for seed in range(times):
        variables, pages = variables_for(prompt=prompt, user="customer-0001", rng=rng)
        exchange = make(
            prompt=prompt, version=chosen, variables=variables, pages=pages, history=(), seed=seed, outage=0.0
        )
        found += flaw in getattr(exchange.outcome, "flaws", ())
    return found / times


def test_there_are_enough_different_questions():
    texts = [*shop.questions("support"), *shop.questions("search"), *shop.tickets()]

    assert len(texts) == len(set(texts)) >= 150
    assert not [text for text in texts if not text or text.startswith(("#", "["))]


def test_questions_are_about_many_things_and_in_several_languages():
    questions = shop.questions("support")

    assert len({topic_of(question) for question in questions}) >= 10
    assert {language_of(question) for question in questions} == {"en", "de", "es", "fr"}


def test_every_blank_of_a_question_is_filled():
    rng = random.Random(1)

    filled = [shop.filled(text, rng) for text in (*shop.questions("support"), *shop.tickets())]

    assert not [text for text in filled if "{" in text or "}" in text]


def test_help_pages_have_a_title_and_the_search_finds_the_right_one():
    assert all(": " in page for page in shop.help_pages())
    assert shop.find_help_pages("How much is renting a tent for a weekend?")[0].startswith("Renting")
    assert shop.find_help_pages("How long is a gift card valid?")[0].startswith("Gift cards")


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.name)
def test_a_prompt_has_numbered_versions_with_notes_that_went_live_in_order(prompt: DemoPrompt):
    published = [one.published_after for one in prompt.versions if one.published_after is not None]

    assert [one.number for one in prompt.versions] == list(range(1, len(prompt.versions) + 1))
    assert 3 <= len(prompt.versions) <= 4
    assert all(one.note and one.settings["model"] in MODELS for one in prompt.versions)
    assert published == sorted(published)
    assert published[0] == 0.0
    assert prompt.version_at(0.0).number == 1
    assert prompt.version_at(1.0).number == prompt.labels["production"]
    assert set(prompt.labels.values()) <= {one.number for one in prompt.versions}


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.name)
def test_every_blank_of_every_version_has_a_value(prompt: DemoPrompt):
    variables, pages = variables_for(prompt=prompt, user="customer-0007", rng=random.Random(3))

    for version in prompt.versions:
        exchange = make(
            prompt=prompt, version=version, variables=variables, pages=pages, history=(), seed=1, outage=0.0
        )
        assert not [message for message in exchange.messages if "{{" in message["content"]]
        assert set(variables) == {variable["name"] for variable in prompt.variables}


def test_the_second_refund_version_stops_turning_people_away_and_the_third_starts_again():
    shares = [flaw_share(REFUND, version, "refusal") for version in (1, 2, 3, 4)]

    assert shares[0] > 0.25
    assert shares[1] < 0.06
    assert shares[2] > 0.25
    assert shares[3] < 0.06


def test_the_fourth_refund_version_also_makes_fewer_facts_up():
    assert flaw_share(REFUND, 4, "made_up") < 0.4 * flaw_share(REFUND, 2, "made_up")


def test_the_third_search_version_keeps_to_the_help_pages():
    assert flaw_share(SEARCH, 1, "made_up") > 0.15
    assert flaw_share(SEARCH, 3, "made_up") < 0.06


def test_the_summaries_get_shorter():
    assert flaw_share(SUMMARY, 1, "long_winded") > 0.08
    assert flaw_share(SUMMARY, 3, "long_winded") == 0
