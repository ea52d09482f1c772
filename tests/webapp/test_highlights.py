"""Evidence is marked where it stands, and nowhere when its places do not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.highlights import Evidence, Stretch, stretches


def evidence(text, start, end, why="because"):
    return Evidence("output", start, end, why, text)


def test_the_words_are_marked_with_the_reason():
    text = "I am sorry, I cannot."

    found = stretches(text, [evidence(text, 12, 20, "declines")])

    assert found == [Stretch("I am sorry, "), Stretch("I cannot", "declines"), Stretch(".")]


def test_a_message_that_is_a_part_of_the_text_has_its_own_places():
    text = "no no\nno, never"

    found = stretches("no, never", [evidence(text, 6, 8)])

    assert found == [Stretch("no", "because"), Stretch(", never")]


def test_a_text_inside_what_is_shown_is_found_there():
    found = stretches("Question: who? Answer: me", [evidence("who?", 0, 3)])

    assert found == [Stretch("Question: "), Stretch("who", "because"), Stretch("? Answer: me")]


def test_words_of_another_text_are_looked_up():
    found = stretches("[1] Paris is old.", [evidence("Paris is old.\n\nRome is older.", 0, 5)])

    assert found == [Stretch("[1] "), Stretch("Paris", "because"), Stretch(" is old.")]


def test_overlapping_places_are_cut_where_the_first_one_ends():
    found = stretches(
        "abcdef", [evidence("abcdef", 0, 4, "one"), evidence("abcdef", 2, 6, "two"), evidence("abcdef", 1, 2, "in")]
    )

    assert found == [Stretch("abcd", "one"), Stretch("ef", "two")]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (5, 2), (0, 99), (50, 60)])
def test_a_place_that_does_not_fit_is_left_out(start, end):
    assert stretches("short", [evidence("short", start, end)]) == []


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=4),
)
def test_nothing_of_the_text_is_lost_or_added(shown, text, places):
    found = stretches(shown, [evidence(text, *place) for place in places])

    assert not found or "".join(one.text for one in found) == shown
