"""Texts from elsewhere: what is not chosen stays, names become usable, hostile text stays text."""

from __future__ import annotations

import pytest

from prompt_registry import pasting, rendering


def test_what_is_not_chosen_stays_as_it_is():
    pasted = pasting.look("{a} and {b}")

    assert pasting.convert(pasted, {"{b}": "other"}, halves_braces=False) == "{a} and {{other}}"


def test_doubled_braces_stay_when_nobody_asks_for_single_ones():
    pasted = pasting.look('{a} {{"x": 1}}')

    assert pasting.convert(pasted, {}, halves_braces=False) == '{a} {{"x": 1}}'


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("user", "user"), ("user.name", "user.name"), ("items[0]", "items_0"), ("data['key']", "data_key"), ("x!r:>10", "x"),
        ("x=", "x"), ("1 + 1", "blank_1_1"), ("len(x)", "len_x"), ("naïve name", "na_ve_name"), ("«»", "blank"),
    ],
)  # fmt: skip
def test_every_expression_gets_a_name_that_a_blank_may_have(written, name):
    assert pasting.name_for(written) == name
    assert rendering.VARIABLE.fullmatch(f"{{{{{name}}}}}")


@pytest.mark.parametrize(
    "text", ["{" * 50_000, "{a" * 50_000, "<a " * 50_000, "{{ " * 50_000, "%(" * 50_000, 'f"' + "{" * 9_999]
)
def test_a_text_made_to_be_slow_is_looked_at_in_time(text):
    assert len(pasting.look(text).candidates) <= pasting.MAX_CANDIDATES


def test_a_text_with_endless_candidates_shows_the_first_ones():
    pasted = pasting.look(" ".join(f"{{v{number}}}" for number in range(1_000)))

    assert len(pasted.candidates) == pasting.MAX_CANDIDATES
