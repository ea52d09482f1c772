"""Which column becomes what, for the files of others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import mappings
from evals.errors import ItemNotUsable
from evals.file_rows import FileRow, Layout
from evals.item_contents import ItemContent
from evals.mappings import Column, Role


def item_of(values: dict[str, Any], layout: Layout = Layout.LINES) -> ItemContent:
    return mappings.content_of(FileRow(1, values), mappings.suggest([values], layout))


def roles(values: dict[str, Any], layout: Layout) -> dict[str, str]:
    return {column.column: str(column.role) for column in mappings.suggest([values], layout)}


def test_a_table_of_promptfoo():
    row = {
        "question": "Where?", "language": "German", "__expected": "equals: Here", "__metadata:topic": "refunds",
        "__description": "The easy one",
    }  # fmt: skip

    found = item_of(row, Layout.CSV)

    assert found.input == {"question": "Where?", "language": "German"}
    assert (found.expected_output, found.metadata) == ("Here", {"topic": "refunds", "description": "The easy one"})


def test_a_check_of_promptfoo_is_no_answer():
    found = item_of({"question": "Where?", "__expected": "contains: Here"}, Layout.CSV)

    assert (found.expected_output, found.metadata) == (None, {"check": "contains: Here"})


def test_an_answer_with_a_colon_is_an_answer():
    assert (
        item_of({"q": "Where?", "__expected": "Berlin: in the east"}, Layout.CSV).expected_output
        == "Berlin: in the east"
    )


def test_our_own_columns():
    row = {"question": "Where?", "__context": "Help page", "__split": "test", "__tags": "a, b"}

    found = item_of(row, Layout.CSV)

    assert (found.context, found.split, found.tags) == ("Help page", "test", ("a", "b"))


def test_items_of_langfuse():
    row = {
        "id": "abc", "datasetId": "d", "datasetName": "n", "status": "ACTIVE", "input": {"question": "Where?"},
        "expectedOutput": {"answer": "Here"}, "metadata": {"topic": "refunds"}, "sourceTraceId": None,
        "createdAt": "2026-01-01", "updatedAt": "2026-01-01",
    }  # fmt: skip

    found = item_of(row)

    assert found.input == {"question": "Where?"}
    assert (found.expected_output, found.metadata) == ({"answer": "Here"}, {"topic": "refunds", "id": "abc"})
    with pytest.raises(ItemNotUsable, match="archived in Langfuse"):
        item_of(row | {"status": "ARCHIVED"})


def test_examples_of_langsmith():
    found = item_of(
        {
            "inputs": {"question": "Where?"},
            "outputs": {"answer": "Here"},
            "metadata": {"dataset_split": ["test"], "a": 1},
        }
    )

    assert (found.input, found.expected_output) == ({"question": "Where?"}, "Here")
    assert (found.split, found.metadata) == ("test", {"a": 1})


def test_items_of_openai_evals():
    assert item_of({"item": {"question": "Where?", "topic": "refunds"}}).input == {
        "question": "Where?",
        "topic": "refunds",
    }
    found = item_of({"input": [{"role": "user", "content": "Where?"}], "ideal": "Here"})
    assert (found.input, found.expected_output) == ({"messages": [{"role": "user", "content": "Where?"}]}, "Here")


def test_the_last_answer_of_a_conversation_is_the_expected_one():
    talk = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here"}]

    found = item_of({"messages": talk})

    assert (found.input, found.expected_output) == ({"messages": talk[:1]}, "Here")
    assert item_of({"messages": talk, "ideal": "There"}).expected_output == "There"


def test_rows_that_nobody_knows_go_in_by_what_reads_like_a_question():
    row = {"id": "1", "source": "BANKING77", "text": "Where is my card?", "intent": "card_arrival"}

    assert roles(row, Layout.LINES) == {"id": "note", "source": "note", "text": "blank", "intent": "note"}


def test_only_one_column_is_the_answer():
    assert roles({"input": "a", "output": "b", "expected_output": "c"}, Layout.LINES) == {
        "input": "input", "output": "note", "expected_output": "expected",
    }  # fmt: skip


def test_two_answers_to_choose_from_go_in_and_the_choice_is_expected():
    row = {"id": "1", "prompt": "Where?", "a": "Here", "b": "There", "human_preference": "a", "votes": "aab"}

    assert roles(row, Layout.LINES) == {
        "id": "note", "prompt": "blank", "a": "blank", "b": "blank", "human_preference": "expected", "votes": "note",
    }  # fmt: skip


def test_a_column_becomes_what_somebody_says():
    mapping = [
        Column("text", Role.BLANK, "question"),
        Column("label", Role.EXPECTED, ""),
        Column("id", Role.IGNORE, ""),
    ]

    found = mappings.content_of(FileRow(1, {"text": "Where?", "label": 1, "id": 7}), mapping)

    assert found == ItemContent(input={"question": "Where?"}, expected_output=1)


def test_a_mapping_is_stored_and_read():
    mapping = [Column("text", Role.BLANK, "question")]

    assert mappings.read(mappings.stored(mapping)) == mapping


def test_a_row_that_could_not_be_read_says_so():
    with pytest.raises(ItemNotUsable, match="broken"):
        mappings.content_of(FileRow(3, problem="It is broken."), [])


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_NAMES = [
    "input",
    "inputs",
    "messages",
    "metadata",
    "tags",
    "split",
    "expected_output",
    "outputs",
    "item",
    "text",
    "status",
    "x",
]


@given(values=st.dictionaries(st.sampled_from(_NAMES), _VALUE, min_size=1), layout=st.sampled_from(list(Layout)))
def test_any_row_becomes_an_item_or_a_sentence(values, layout):
    try:
        found = item_of(values, layout)
    except ItemNotUsable:
        return

    assert found.input
