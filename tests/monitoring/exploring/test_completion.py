"""What may come next in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.exploring import completion


def at_end(line):
    place = completion.place(line, len(line))
    return (place.field.name if place.field else "", place.key, place.typed, line[place.start :])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ("", "", "", "")),
        ("prompt:a mo", ("", "", "mo", "mo")),
        ("-mo", ("", "", "mo", "mo")),
        ("model:gp", ("model", "", "gp", "gp")),
        ("-model:a,gp", ("model", "", "gp", "gp")),
        ('user:"u 1', ("user", "", "u 1", '"u 1')),
        ("version:>=1", ("version", "", "1", "1")),
        ("metadata.pl", ("metadata", "", "pl", "pl")),
        ("metadata.plan:p", ("metadata", "plan", "p", "p")),
        ('"free words mo', ("", "", '"free words mo', '"free words mo')),
    ],
)
def test_the_place_is_what_is_being_written(line, expected):
    assert at_end(line) == expected


def test_the_cursor_may_stand_in_the_middle():
    place = completion.place("model:gp user:ann", 8)

    assert (place.field.name, place.typed, place.start) == ("model", "gp", 6)


def test_fields_are_found_by_their_names_and_by_what_they_are_called():
    assert [option.text for option in completion.field_options("mo")] == ["model:"]
    assert [option.text for option in completion.field_options("fou")] == ["flag:"]
    assert [option.text for option in completion.field_options("meta")] == ["metadata."]


def test_values_are_offered_as_they_have_to_be_written():
    options = completion.value_options(["gpt 5", "old gpt", "claude"], "gp")

    assert [option.text for option in options] == ['"gpt 5"', '"old gpt"']


@given(st.text(alphabet='pm:ver"model, ->=<*\\.score1', max_size=40), st.integers(-5, 60))
def test_a_place_is_found_in_any_line(line, cursor):
    place = completion.place(line, cursor)

    assert 0 <= place.start <= max(0, min(cursor, len(line)))
