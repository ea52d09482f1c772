"""Cleaning makes every value storable and changes nothing that already was."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.cleaning import clean, clean_number, clean_text, is_usable_key

any_text = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=50)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=10), children, max_size=4)
    ),
    max_leaves=20,
)


@given(any_text)
def test_cleaned_text_is_valid_utf8_without_nul(text: str) -> None:
    cleaned = clean_text(text)

    assert cleaned.encode().decode() == cleaned
    assert "\x00" not in cleaned


@given(any_text)
def test_cleaning_text_again_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert clean_text(text) == text


@given(st.integers() | st.floats())
def test_cleaned_numbers_fit_the_database_or_are_text(number: float) -> None:
    cleaned = clean_number(number)

    assert isinstance(cleaned, str) or math.isfinite(cleaned)
    assert not isinstance(cleaned, int) or -(2**63) <= cleaned < 2**63


@given(json_values)
def test_cleaned_values_are_json_that_orjson_and_json_agree_on(value: Any) -> None:
    cleaned = clean(value)

    assert json.loads(orjson.dumps(cleaned)) == orjson.loads(orjson.dumps(cleaned))


def test_a_number_of_five_thousand_digits_becomes_text() -> None:
    assert isinstance(clean(10**5000), str)


def test_nesting_ends_at_the_limit() -> None:
    value: Any = "bottom"
    for _ in range(5_000):
        value = [value]

    orjson.dumps(clean(value))


def test_a_key_with_nul_is_refused_not_stripped() -> None:
    assert clean({"user\x00": "attacker", "user": "me"}) == {"user": "me"}
    assert not is_usable_key("a\x00")
