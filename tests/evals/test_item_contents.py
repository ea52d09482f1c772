"""What an item may say."""

from __future__ import annotations

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import item_contents
from evals.errors import ItemNotUsable

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def checked(**values):
    return item_contents.checked(**{"input": {"question": "Where?"}} | values)


def test_a_text_or_messages_alone_are_put_under_a_name():
    talk = [{"role": "user", "content": "Hello"}]

    assert item_contents.checked(input="Where?").input == {"input": "Where?"}
    assert item_contents.checked(input=talk).input == {"messages": talk}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"input": {}}, "at least one input"),
        ({"input": None}, "must be an object"),
        ({"input": 7}, "must be an object"),
        ({"input": "  "}, "at least one input"),
        ({"input": {"": "x"}}, "has no name"),
        ({"input": {"messages": ["x"]}}, "list of messages"),
        ({"input": {"a\x00b": "x"}}, "cannot be stored"),
        ({"input": {"x" * 256: "x"}}, "longer than 255"),
        ({"input": {str(number): "x" for number in range(201)}}, "up to 200 blanks"),
        ({"input": {"a": "x" * 1024 * 1024}}, "larger than 1 MiB"),
        ({"metadata": "x"}, "metadata must be an object"),
        ({"context": 5}, "context must be a text"),
        ({"tags": "one"}, "tags must be a list"),
        ({"tags": ["x" * 61]}, "up to 20 tags"),
        ({"split": "x" * 41}, "up to 40 characters"),
        ({"expected_output": [0] * 50_001}, "more than 50,000 values"),
    ],
)
def test_what_cannot_be_stored_is_named(values, sentence):
    with pytest.raises(ItemNotUsable, match=sentence):
        checked(**values)


def test_all_problems_are_told_at_once():
    with pytest.raises(ItemNotUsable) as refused:
        checked(input={}, split="x" * 99, tags=["x" * 99])

    assert len(refused.value.problems) == 3


def test_deep_values_are_refused():
    deep: object = "x"
    for _ in range(70):
        deep = [deep]

    with pytest.raises(ItemNotUsable, match="60 levels"):
        checked(expected_output=deep)


def test_numbers_that_the_database_cannot_hold_become_texts():
    found = checked(expected_output=[math.inf, math.nan, 2**70, 0.5, 7])

    assert found.expected_output == ["inf", "nan", str(2**70), 0.5, 7]


def test_false_and_zero_are_answers_and_an_empty_text_is_none():
    assert [checked(expected_output=value).expected_output for value in (False, 0, "", None)] == [False, 0, None, None]


def test_notes_tags_and_part_do_not_make_another_item():
    assert checked().hash == checked(metadata={"a": 1}, tags=["x"], split="test").hash
    assert checked().hash != checked(expected_output="Here").hash
    assert checked().hash != checked(context="Here").hash


def test_the_order_of_blanks_does_not_make_another_item():
    assert checked(input={"a": "1", "b": "2"}).hash == checked(input={"b": "2", "a": "1"}).hash


@given(value=_JSON, metadata=st.dictionaries(_TEXT, _JSON, max_size=3))
def test_any_json_is_stored_as_it_can_be_or_refused_with_a_sentence(value, metadata):
    try:
        found = checked(expected_output=value, metadata=metadata)
    except ItemNotUsable:
        return

    written = [found.input, found.expected_output, found.metadata]
    assert b"\\u0000" not in orjson.dumps(written)
    # What is no number in JSON comes back as something else.
    assert orjson.loads(orjson.dumps(written)) == written
