"""Making, naming, archiving and deleting prompts."""

from __future__ import annotations

import pytest

from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry import labels, names, prompts
from prompt_registry.errors import NameInUse, NameNotUsable, NameTaken, NotAllowed, PromptArchived, TagNotUsable
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version


def test_create_records_who_made_the_prompt(project, editor):
    prompt = prompts.create(project=project, name="support/refund", type="chat", by=editor)

    event = AuditEvent.objects.get(action="prompt.created")
    assert (event.subject, event.user_id, event.project_id) == ("support/refund", editor.pk, project.pk)
    assert prompt.created_by == editor


def test_two_prompts_of_a_project_cannot_share_a_name(project, editor):
    prompts.create(project=project, name="refund", type="chat", by=editor)

    with pytest.raises(NameTaken):
        prompts.create(project=project, name="refund", type="text", by=editor)


def test_two_projects_can_use_the_same_name(prompt):
    other = make_project()

    assert prompts.create(project=other, name=prompt.name, type="chat", by=None).project == other


def test_a_taken_name_says_when_it_is_in_the_archive(prompt, editor):
    prompts.archive(prompt=prompt, by=editor)

    with pytest.raises(NameTaken, match="archive"):
        prompts.create(project=prompt.project, name=prompt.name, type="chat", by=editor)


def test_a_viewer_cannot_create_a_prompt(project, viewer):
    with pytest.raises(NotAllowed, match="Editor"):
        prompts.create(project=project, name="refund", type="chat", by=viewer)


def test_a_member_of_another_project_cannot_create_a_prompt(project):
    stranger = make_member(make_project())

    with pytest.raises(NotAllowed):
        prompts.create(project=project, name="refund", type="chat", by=stranger)


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 256, "a|b", "a\\b", "new", "metrics", "Prompt-Detail", "/a", "a/", "a//b", "a/../b", "./a",
     "a\x00b", "a\u200bb", "a\u202eb", "a\nb", "a\ud800b"],
)  # fmt: skip
def test_a_name_that_breaks_a_rule_is_refused(name):
    with pytest.raises(NameNotUsable):
        names.clean(name)


@pytest.mark.parametrize("name", ["refund", "support/refund answer", "a/new", "новый/промпт", "50%?#", "x" * 255])
def test_an_ordinary_name_is_kept(name):
    assert names.clean(f" {name} ") == name


def test_a_prompt_can_be_renamed_before_anything_was_published(prompt, editor):
    make_version(prompt)

    prompts.rename(prompt=prompt, name="billing/refund", by=editor)

    assert Prompt.objects.get(pk=prompt.pk).name == "billing/refund"


def test_a_published_prompt_keeps_its_name(prompt, editor):
    labels.publish(prompt=prompt, version=make_version(prompt), label="staging", by=editor)

    with pytest.raises(NameInUse):
        prompts.rename(prompt=prompt, name="other", by=editor)


def test_a_prompt_cannot_take_the_name_of_another_one(prompt, editor):
    other = make_prompt(prompt.project)

    with pytest.raises(NameTaken):
        prompts.rename(prompt=prompt, name=other.name, by=editor)


def test_an_archived_prompt_takes_no_versions_until_it_is_restored(prompt, editor):
    prompts.archive(prompt=prompt, by=editor)
    with pytest.raises(PromptArchived):
        make_version(prompt)

    prompts.restore(prompt=prompt, by=editor)

    assert make_version(prompt).number == 1


def test_only_an_approver_deletes_and_brings_back(prompt, editor, approver):
    with pytest.raises(NotAllowed):
        prompts.delete(prompt=prompt, by=editor)

    deleted = prompts.delete(prompt=prompt, by=approver)

    with pytest.raises(NotAllowed):
        prompts.restore(prompt=deleted, by=editor)
    assert prompts.restore(prompt=deleted, by=approver).deleted_at is None


def test_tags_replace_the_earlier_ones_and_the_change_is_recorded(prompt, editor):
    prompts.retag(prompt=prompt, tags=["mail", " vip ", "mail"], by=editor)

    prompt.refresh_from_db()
    event = AuditEvent.objects.get(action="prompt.retagged")
    assert prompt.tags == ["mail", "vip"]
    assert (event.details["before"], event.details["after"], event.user_id) == ([], ["mail", "vip"], editor.pk)


def test_the_same_tags_again_change_nothing(prompt, editor):
    prompts.retag(prompt=prompt, tags=["mail"], by=editor)
    prompts.retag(prompt=prompt, tags=["mail"], by=None)

    assert AuditEvent.objects.filter(action="prompt.retagged").count() == 1


@pytest.mark.parametrize("tags", [[""], ["x" * 61], [str(number) for number in range(21)]])
def test_tags_that_are_too_many_or_too_long_are_refused(prompt, editor, tags):
    with pytest.raises(TagNotUsable):
        prompts.retag(prompt=prompt, tags=tags, by=editor)


def test_a_viewer_gives_no_tags(prompt):
    viewer = make_member(prompt.project, Role.VIEWER)

    with pytest.raises(NotAllowed):
        prompts.retag(prompt=prompt, tags=["mail"], by=viewer)
