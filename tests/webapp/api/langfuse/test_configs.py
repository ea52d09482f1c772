"""Configs of Langfuse and settings of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import contents
from webapp.api.langfuse import configs


def stored(settings):
    """The settings as a saved version has them."""
    return contents.parse({"type": "text", "text": "Hi", "settings": settings}).settings.to_json()


def test_known_entries_become_settings_and_the_others_go_along():
    settings = configs.settings_of({"model": "gpt-4o-mini", "temperature": 0.2, "languages": ["en"]})

    assert settings == {"model": "gpt-4o-mini", "temperature": 0.2, "custom": {"languages": ["en"]}}


@pytest.mark.parametrize(
    "config",
    [
        {}, {"model": ""}, {"temperature": "hot"}, {"temperature": 7}, {"max_tokens": None}, {"stop": "END"}, {"stop": ["END"]},
        {"tools": [{"name": "search"}]}, {"response_schema": {"type": "object"}}, {"response_schema": "{}"}, {"seed": 1.5},
        {"custom": {"a": 1}}, {"Model": "x", "": 1}, {"model": " gpt "}, {"temperature": True},
    ],
)  # fmt: skip
def test_applications_read_what_they_wrote(config):
    assert configs.config_of(stored(configs.settings_of(config))) == config


@given(st.dictionaries(
    st.sampled_from(["model", "temperature", "stop", "tools", "custom", "flag", "max_tokens"]),
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-3, 3) | st.text("ab ", max_size=3)
    | st.lists(st.text("ab", max_size=2), max_size=2) | st.dictionaries(st.text("ab", max_size=2), st.integers(), max_size=2),
))  # fmt: skip
def test_no_config_changes_on_its_way(config):
    assert configs.config_of(stored(configs.settings_of(config))) == config


def test_a_setting_that_somebody_changed_in_the_browser_wins():
    assert configs.config_of({"temperature": 0.5, "custom": {"temperature": "hot"}}) == {"temperature": 0.5}
