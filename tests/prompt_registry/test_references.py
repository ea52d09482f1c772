"""Tags that stand for snippets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.references import TAG, Reference, found_in, parse, tag_of, unreadable_in


@pytest.mark.parametrize(
    ("inner", "reference"),
    [
        ("name=a|version=3", Reference("a", label="", version=3)),
        ("name=folder/a b|label=staging", Reference("folder/a b", label="staging")),
        ("label=latest|name=a", Reference("a", label="latest")),
        ("name=me@shop|label=production", Reference("me@shop")),
        ("name=a", None),
        ("name=a|version=x", None),
        ("name=a|version=0", None),
        ("name=a|version=³", None),
        ("name=a|version=3|label=b", None),
        ("name=a|label=NOT A LABEL", None),
        ("name=|label=b", None),
        ("label=b", None),
        ("name=a|label=b|other=c", None),
        ("", None),
    ],
)
def test_only_whole_tags_are_read(inner, reference):
    assert parse(inner) == reference


def test_both_words_mean_the_same():
    ours, langfuses = "@@@prompt:name=a|label=production@@@", "@@@langfusePrompt:name=a|label=production@@@"

    assert found_in([f"{ours} {langfuses}"]) == [Reference("a")]


def test_tags_are_found_in_order_and_once():
    a, b = (tag_of(Reference(name)) for name in "ab")

    assert [reference.name for reference in found_in([f"{b}{a}", f"{b}"])] == ["b", "a"]


def test_what_looks_like_a_tag_but_names_nothing_is_told():
    assert unreadable_in(["@@@prompt:rules@@@ @@@prompt:name=a|label=production@@@"]) == ["@@@prompt:rules@@@"]


@given(st.text(st.characters(exclude_characters="|@\n\r", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_a_written_tag_is_read_back(name):
    for reference in (Reference(name.strip() or "x"), Reference(name.strip() or "x", label="", version=7)):
        assert [parse(match[1]) for match in TAG.finditer(f"a {tag_of(reference)} b")] == [reference]


def test_many_beginnings_of_tags_take_no_time():
    assert found_in(["@@@prompt:" * 25_000]) == []
