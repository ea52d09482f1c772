from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import mentions
from prompt_registry.mentions import Mention, Person

DANA = Person(1, "Dana Ortiz", "dana@example.com")
DAN = Person(2, "Dana", "dan@example.com")
SAM = Person(3, "", "sam.writer@example.com")
TWIN, OTHER_TWIN = Person(4, "Kim", "kim@example.com"), Person(5, "Kim", "kim@example.org")
PEOPLE = [DANA, DAN, SAM, TWIN, OTHER_TWIN]


def named(text: str) -> list[int]:
    return [mention.user_id for mention in mentions.find(text, PEOPLE)]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Dana Ortiz look", [1]),
        ("@dana ortiz, look", [1]),
        ("@Dana look", [2]),
        ("@Dana. Look", [2]),
        ("(@Dana)", [2]),
        ("@dana@example.com", [1]),
        ("@sam.writer and @Dana Ortiz", [3, 1]),
        ("@dan", [2]),
        ("line\n@Dana Ortiz\n@sam.writer", [1, 3]),
        ("@kim@example.org", [5]),
    ],
)
def test_a_name_an_address_or_its_first_part_names_somebody(text, who):
    assert named(text) == who


@pytest.mark.parametrize(
    "text",
    ["", "@", "@ Dana", "mail me at x@dana", "@Danae", "@Dana_", "@Kim", "@nobody", "Dana Ortiz", "@@", "@dan-el"],
)
def test_nobody_is_named_by_what_is_no_name_or_the_name_of_two(text):
    assert named(text) == []


def test_the_place_in_the_text_is_known():
    assert mentions.find("Hi @Dana Ortiz!", PEOPLE) == [Mention(3, 14, 1)]


def test_a_handle_always_leads_back_to_its_person():
    for person in PEOPLE:
        assert named(f"@{mentions.handle_of(person, PEOPLE)} look") == [person.id]


@given(st.text(alphabet=st.sampled_from("@Dana Ortizkimİß.\n"), max_size=60))
def test_mentions_lie_inside_the_text_one_after_the_other(text):
    end = 0
    for mention in mentions.find(text, PEOPLE):
        assert end <= mention.start < mention.end <= len(text)
        assert text[mention.start] == "@"
        end = mention.end
