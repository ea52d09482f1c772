"""A copy of one version, and a prompt that goes into another project."""

from __future__ import annotations

import pytest

from projects import members
from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry import copies, dependents, drafts, labels, prompts, resolution
from prompt_registry.errors import AlreadyInProject, MovedAlready, NameTaken, NotAllowed, NothingToMove
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import chat, make_project, make_prompt, make_version, text

CONTENT = {"variables": [{"name": "name", "sample": "Ana"}], "settings": {"model": "big", "temperature": 0.2}}


@pytest.fixture
def other(editor):
    project = make_project(name="Other")
    members.add(project=project, user=editor, role=Role.EDITOR)
    return project


def test_a_copy_takes_over_text_blanks_settings_and_tags_of_the_version(prompt, editor):
    version = make_version(prompt, chat(("system", "Hi {{name}}"), **CONTENT))
    make_version(prompt)
    prompts.retag(prompt=prompt, tags=["mail"], by=editor)
    version.prompt.refresh_from_db()

    made = copies.duplicate(version=version, name="copy", as_draft=False, by=editor)

    copied = made.versions.get()
    assert (copied.number, copied.content_hash, copied.author) == (1, version.content_hash, editor)
    assert copied.note == f"Copied from {prompt.name} v1"
    assert made.tags == ["mail"]


def test_a_copy_may_begin_as_a_draft(prompt, editor):
    version = make_version(prompt, chat(("system", "Hi {{name}}"), **CONTENT))

    made = copies.duplicate(version=version, name="copy", as_draft=True, by=editor)

    draft = drafts.of(prompt=made, user=editor)
    assert draft.content["messages"] == [{"role": "system", "content": "Hi {{name}}"}]
    assert draft.content["settings"] == {"model": "big", "temperature": 0.2}
    assert not made.versions.exists()


def test_a_copy_under_a_taken_name_leaves_nothing_behind(prompt, editor):
    version = make_version(prompt)

    with pytest.raises(NameTaken):
        copies.duplicate(version=version, name=prompt.name, as_draft=True, by=editor)

    assert Prompt.objects.count() == 1


def test_a_move_keeps_numbers_notes_authors_and_times(prompt, editor, other, monkeypatch):
    monkeypatch.setattr(copies, "_AT_A_TIME", 2)
    before = [make_version(prompt, note=f"Note {number}", by=editor) for number in range(5)]

    moved = copies.move(prompt=prompt, to=other, name="here/now", by=editor)

    after = list(moved.versions.order_by("number"))
    assert [(v.number, v.note, v.author, v.created_at, v.content_hash) for v in after] == [
        (v.number, v.note, v.author, v.created_at, v.content_hash) for v in before
    ]
    assert {version.project_id for version in after} == {other.pk}


def test_what_stays_behind_is_archived_points_there_and_goes_on_answering(prompt, editor, approver, other):
    version = make_version(prompt)
    labels.publish(prompt=prompt, version=version, label="production", by=approver)

    moved = copies.move(prompt=prompt, to=other, name=prompt.name, by=editor)

    prompt.refresh_from_db()
    assert (prompt.moved_to, prompt.archived_at is not None) == (moved, True)
    assert prompt.labels.get().version == version
    assert not moved.labels.exists()
    assert resolution.by_label(project_id=prompt.project_id, name=prompt.name, label="production").version == 1


def test_a_move_is_told_in_both_projects(prompt, editor, other):
    make_version(prompt)

    copies.move(prompt=prompt, to=other, name="here", by=editor)

    told = {event.project_id: event.action for event in AuditEvent.objects.filter(action__startswith="prompt.moved")}
    assert told == {prompt.project_id: "prompt.moved_away", other.pk: "prompt.moved_here"}


def test_a_move_needs_the_right_to_write_in_both_projects(prompt, editor, other):
    make_version(prompt)
    foreign = make_project()

    with pytest.raises(NotAllowed):
        copies.move(prompt=prompt, to=foreign, name="here", by=editor)

    prompt.refresh_from_db()
    assert prompt.archived_at is None
    assert not foreign.prompts.exists()


def test_a_prompt_is_moved_once_and_only_when_it_has_a_version(prompt, editor, other):
    with pytest.raises(NothingToMove):
        copies.move(prompt=prompt, to=other, name="here", by=editor)
    make_version(prompt)
    with pytest.raises(AlreadyInProject):
        copies.move(prompt=prompt, to=prompt.project, name="here", by=editor)
    copies.move(prompt=prompt, to=other, name="here", by=editor)

    with pytest.raises(MovedAlready):
        copies.move(prompt=prompt, to=other, name="again", by=editor)


def test_a_prompt_brought_back_stands_on_its_own_again(prompt, editor, other):
    make_version(prompt)
    moved = copies.move(prompt=prompt, to=other, name="here", by=editor)

    back = prompts.restore(prompt=prompt, by=editor)

    assert (back.moved_to, back.archived_at) == (None, None)
    assert moved.versions.count() == 1


def test_a_moved_prompt_is_known_to_include_its_snippets(project, editor, other):
    answer = make_prompt(project, name="answer", type="text")
    make_version(answer, text("@@@prompt:name=rules|version=1@@@"))

    copies.move(prompt=answer, to=other, name="answer", by=editor)

    assert dependents.names(project_id=other.pk, name="rules") == ["answer"]
