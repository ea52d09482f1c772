"""Drafts: one per person and prompt, never overwritten unseen."""

from __future__ import annotations

import pytest

from projects.roles import Role
from prompt_registry import drafts
from prompt_registry.errors import DraftChangedElsewhere, DraftTooLarge, NotAllowed
from tests.prompt_registry.factories import make_member


def _save(prompt, by, words="hello", revision=0, base_number=0):
    content = {"type": "chat", "messages": [{"role": "user", "content": words}]}
    return drafts.autosave(prompt=prompt, content=content, base_number=base_number, revision=revision, by=by)


def test_the_draft_keeps_what_was_typed_finished_or_not(prompt, editor):
    content = {"type": "chat", "messages": [{"role": "user", "content": ""}], "settings": {"temperature": "a lot"}}

    drafts.autosave(prompt=prompt, content=content, base_number=3, revision=0, by=editor)

    draft = drafts.of(prompt=prompt, user=editor)
    assert (draft.content, draft.base_number) == (content, 3)


def test_the_same_text_again_is_no_conflict(prompt, editor):
    first = _save(prompt, editor, "one")

    for revision in (0, first.revision - 1):
        assert _save(prompt, editor, "one", revision=revision).revision == first.revision


def test_each_save_needs_the_revision_of_the_one_before(prompt, editor):
    first = _save(prompt, editor, "one")

    second = _save(prompt, editor, "two", revision=first.revision)

    assert second.revision == first.revision + 1
    assert drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"] == "two"


def test_a_second_window_does_not_overwrite_the_first(prompt, editor):
    first = _save(prompt, editor, "one")
    _save(prompt, editor, "two", revision=first.revision)

    with pytest.raises(DraftChangedElsewhere) as refusal:
        _save(prompt, editor, "from the other window", revision=first.revision)

    assert refusal.value.draft.content["messages"][0]["content"] == "two"


def test_a_second_window_that_knows_no_draft_does_not_overwrite_one(prompt, editor):
    _save(prompt, editor, "one")

    with pytest.raises(DraftChangedElsewhere):
        _save(prompt, editor, "from a window opened before")


def test_a_window_from_before_a_discard_does_not_overwrite_the_new_draft(prompt, editor):
    old = _save(prompt, editor, "old")
    drafts.discard(prompt=prompt, by=editor)
    with pytest.raises(DraftChangedElsewhere) as refusal:
        _save(prompt, editor, "stale", revision=old.revision)

    assert refusal.value.draft is None


def test_two_people_write_without_seeing_each_other(prompt, editor):
    other = make_member(prompt.project)
    _save(prompt, editor, "mine")
    _save(prompt, other, "yours")

    assert drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"] == "mine"


def test_discard_spares_what_another_window_wrote_since(prompt, editor):
    first = _save(prompt, editor, "one")
    _save(prompt, editor, "two", revision=first.revision)

    assert not drafts.discard(prompt=prompt, by=editor, revision=first.revision)
    assert drafts.of(prompt=prompt, user=editor) is not None


def test_a_viewer_has_no_drafts(prompt):
    viewer = make_member(prompt.project, Role.VIEWER)

    with pytest.raises(NotAllowed):
        _save(prompt, viewer)


def test_a_huge_draft_is_refused(prompt, editor):
    with pytest.raises(DraftTooLarge):
        _save(prompt, editor, "x" * (1024 * 1024))


def test_characters_that_a_database_cannot_hold_do_not_lose_the_draft(prompt, editor):
    draft = _save(prompt, editor, "a\x00b\ud800c")

    assert draft.content["messages"][0]["content"] == "ab?c"
