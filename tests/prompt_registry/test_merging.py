"""Combining two people's changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import merging
from prompt_registry.merging import combine
from tests.prompt_registry.factories import chat, text

BASE = ("system", "Be kind.\nAnswer in English.\nBe short."), ("user", "{{question}}")
LINES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=6).map("\n".join)


def test_changes_of_different_messages_are_combined():
    base = chat(*BASE)
    mine = chat(("system", "Be very kind."), BASE[1])
    theirs = chat(BASE[0], ("user", "Customer: {{question}}"))

    both = combine(base=base, mine=mine, theirs=theirs)

    assert both == chat(("system", "Be very kind."), ("user", "Customer: {{question}}"))


def test_changes_of_different_lines_are_combined():
    mine = chat(("system", "Be very kind.\nAnswer in English.\nBe short."), BASE[1])
    theirs = chat(("system", "Be kind.\nAnswer in English.\nBe brief.\nNo lists."), BASE[1])

    both = combine(base=chat(*BASE), mine=mine, theirs=theirs)

    assert both == chat(("system", "Be very kind.\nAnswer in English.\nBe brief.\nNo lists."), BASE[1])


def test_changes_of_the_same_line_are_for_a_person():
    mine, theirs = chat(("system", "Be nice."), BASE[1]), chat(("system", "Be cool."), BASE[1])

    assert combine(base=chat(("system", "Be kind."), BASE[1]), mine=mine, theirs=theirs) is None


def test_neighbouring_lines_are_for_a_person():
    base, mine, theirs = (text(words) for words in ("a\nb\nc", "A\nb\nc", "a\nB\nc"))

    assert combine(base=base, mine=mine, theirs=theirs) is None


def test_settings_and_samples_are_combined_one_by_one():
    base = chat(*BASE, settings={"temperature": 0.2})
    mine = chat(*BASE, settings={"temperature": 0.4}, variables=[{"name": "question", "sample": "Where?"}])
    theirs = chat(*BASE, settings={"temperature": 0.2, "model": "m"})

    both = combine(base=base, mine=mine, theirs=theirs)

    assert both is not None
    assert both.settings.to_json() == {"model": "m", "temperature": 0.4}
    assert both.samples == {"question": "Where?"}


def test_two_values_for_one_setting_are_for_a_person():
    base, mine, theirs = (chat(*BASE, settings={"temperature": value}) for value in (0, 1, 2))

    assert combine(base=base, mine=mine, theirs=theirs) is None


def test_messages_added_by_both_are_for_a_person():
    base, mine, theirs = chat(*BASE), chat(*BASE, ("user", "x")), chat(*BASE, ("user", "y"))

    assert combine(base=base, mine=mine, theirs=theirs) is None


@given(LINES, LINES)
def test_what_only_one_changed_is_taken(before: str, after: str):
    base, changed = text(before), text(after)

    assert combine(base=base, mine=changed, theirs=base) == changed
    assert combine(base=base, mine=base, theirs=changed) == changed
    assert combine(base=base, mine=changed, theirs=changed) == changed


@given(LINES, LINES, LINES)
def test_it_makes_no_difference_who_came_first(before: str, one: str, other: str):
    base, mine, theirs = text(before), text(one), text(other)

    assert combine(base=base, mine=mine, theirs=theirs) == combine(base=base, mine=theirs, theirs=mine)


@given(LINES, LINES, LINES)
def test_every_new_line_of_both_is_kept(before: str, one: str, other: str):
    both = merging.combine(base=text(before), mine=text(one), theirs=text(other))

    if both is not None:
        new = (set(one.split("\n")) | set(other.split("\n"))) - set(before.split("\n"))
        assert new <= set(both.text.split("\n"))
