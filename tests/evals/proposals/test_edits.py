"""Edits change the passages that they name, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.proposals import edits
from evals.proposals.edits import Candidate, Edit, EditNotUsable
from prompt_registry.contents import Message, Placeholder, PromptContent

CHAT = PromptContent(
    "chat", messages=(Message("system", "Be brief. Be kind."), Placeholder("history"), Message("user", "{{question}}"))
)
TEXT = PromptContent("text", text="Be brief.\nQuestion: {{question}}")


def test_an_edit_replaces_the_passage_that_it_names():
    changed = edits.apply(CHAT, [Edit(0, "Be brief.", "Answer in three sentences.")])

    assert changed.texts == ["Answer in three sentences. Be kind.", "{{question}}"]
    assert changed.placeholders == ["history"]


def test_an_edit_without_a_passage_is_added_on_a_line_of_its_own():
    assert edits.apply(TEXT, [Edit(0, "", "Thank them.")]).text == "Be brief.\nQuestion: {{question}}\nThank them."


@pytest.mark.parametrize(
    "edit", [Edit(0, "Be", "Stay"), Edit(0, "Be loud.", "Be kind."), Edit(1, "x", "y"), Edit(7, "", "More.")]
)
def test_an_edit_that_does_not_fit_is_refused(edit):
    with pytest.raises(EditNotUsable):
        edits.apply(CHAT, [edit])


def test_edits_of_the_same_words_are_refused():
    with pytest.raises(EditNotUsable):
        edits.apply(CHAT, [Edit(0, "Be brief.", "A"), Edit(0, "brief. Be kind.", "B")])


def test_a_suggestion_survives_being_stored():
    candidate = Candidate("Shorter", (Edit(0, "a", "b", "why"),), "Terse.")

    assert Candidate.from_json(candidate.to_json()) == candidate


@given(st.text(max_size=60), st.text(min_size=1, max_size=8), st.text(max_size=20))
def test_an_edit_is_what_replacing_by_hand_would_be(text, find, replacement):
    base = PromptContent("text", text=text)
    if text.count(find) == 1 and text.find(find) == text.rfind(find):
        assert edits.apply(base, [Edit(0, find, replacement)]).text == text.replace(find, replacement)
    else:
        with pytest.raises(EditNotUsable):
            edits.apply(base, [Edit(0, find, replacement)])


@given(st.permutations([Edit(0, "one", "1"), Edit(0, "three", "3"), Edit(0, "", "end")]))
def test_the_order_of_edits_does_not_matter(order):
    assert edits.apply(PromptContent("text", text="one two three"), order).text == "1 two 3\nend"
