"""Comments: on versions and lines, answered once deep, changed by their writers, settled by anybody who writes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from projects.models import AuditEvent, Notification
from projects.roles import Role
from prompt_registry import change_requests, comments, contents
from prompt_registry.comments import (
    Anchor,
    AnswerToAnswer,
    CommentDeleted,
    CommentEmpty,
    CommentTooLong,
    LineUnknown,
    NotYourComment,
)
from prompt_registry.errors import NotAllowed
from prompt_registry.models import Comment
from tests.prompt_registry.factories import chat, make_member, make_prompt, make_version, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(prompt, approver):
    return make_version(prompt, chat(("system", "One\nTwo\nThree"), ("user", "{{q}}")), by=approver)


@pytest.fixture
def remark(version, editor):
    return comments.add(prompt=version.prompt, version=version, text="Is this right?", by=editor)


def told() -> list[tuple[int, str]]:
    return [(one.user_id, one.sentence) for one in Notification.objects.order_by("pk")]


def test_a_comment_on_a_line_is_shown_before_those_on_the_whole(version, editor):
    whole = comments.add(prompt=version.prompt, version=version, text="Whole", by=editor)
    second = comments.add(prompt=version.prompt, version=version, anchor=Anchor(0, 2), text="Two", by=editor)
    first = comments.add(prompt=version.prompt, version=version, anchor=Anchor(0, 1), text="One", by=editor)

    assert [thread.comment for thread in comments.of_version(version)] == [first, second, whole]


@pytest.mark.parametrize("anchor", [Anchor(0, 4), Anchor(0, 0), Anchor(2, 1), Anchor(-1, 1)])
def test_a_line_that_is_not_there_cannot_be_commented_on(version, editor, anchor):
    with pytest.raises(LineUnknown):
        comments.add(prompt=version.prompt, version=version, anchor=anchor, text="?", by=editor)


def test_an_inserted_conversation_has_no_lines(prompt, editor):
    content = contents.parse({"type": "chat", "messages": [{"type": "placeholder", "name": "history"}]})
    version = make_version(prompt, content)

    with pytest.raises(LineUnknown):
        comments.add(prompt=prompt, version=version, anchor=Anchor(0, 1), text="?", by=editor)


def test_lines_of_a_text_prompt_can_be_commented_on(project, editor):
    prompt = make_prompt(project, type="text")
    version = make_version(prompt, text("One\nTwo"))

    comment = comments.add(prompt=prompt, version=version, anchor=Anchor(0, 2), text="Two", by=editor)

    assert comments.of_version(version)[0].anchor == Anchor(comment.message, comment.line)


@pytest.mark.parametrize("words", ["", "  \n ", "\x00"])
def test_an_empty_comment_is_refused(version, editor, words):
    with pytest.raises(CommentEmpty):
        comments.add(prompt=version.prompt, version=version, text=words, by=editor)


def test_a_very_long_comment_is_refused(version, editor):
    comments.add(prompt=version.prompt, version=version, text="x" * 5_000, by=editor)

    with pytest.raises(CommentTooLong):
        comments.add(prompt=version.prompt, version=version, text="x" * 5_001, by=editor)


def test_answers_stand_one_deep_in_the_order_they_came(remark, approver, editor, version):
    first = comments.answer(comment=remark, text="Yes", by=approver)
    second = comments.answer(comment=remark, text="Sure?", by=editor)

    assert comments.of_version(version)[0].answers == [first, second]
    with pytest.raises(AnswerToAnswer):
        comments.answer(comment=first, text="Deeper", by=editor)


def test_viewers_and_strangers_and_applications_may_not_write(remark, version, viewer):
    stranger = make_member(make_prompt().project, Role.ADMIN)

    for by in (viewer, stranger, None):
        with pytest.raises(NotAllowed):
            comments.add(prompt=version.prompt, version=version, text="?", by=by)
        for act in (comments.answer, comments.edit):
            with pytest.raises(NotAllowed):
                act(comment=remark, text="?", by=by)
        for act in (comments.delete, comments.resolve, comments.reopen):
            with pytest.raises(NotAllowed):
                act(comment=remark, by=by)


def test_a_comment_is_changed_and_deleted_only_by_its_writer(remark, approver):
    with pytest.raises(NotYourComment):
        comments.edit(comment=remark, text="Mine now", by=approver)
    with pytest.raises(NotYourComment):
        comments.delete(comment=remark, by=approver)

    assert Comment.objects.get().text == "Is this right?"


def test_a_changed_comment_says_so(remark, editor):
    comments.edit(comment=remark, text="Is that right?", by=editor)

    changed = Comment.objects.get()
    assert changed.text == "Is that right?"
    assert changed.edited_at is not None


def test_a_deleted_comment_leaves_an_empty_place_and_its_answers(remark, editor, approver, version):
    answer = comments.answer(comment=remark, text="Yes", by=approver)

    comments.delete(comment=remark, by=editor)

    (thread,) = comments.of_version(version)
    assert (thread.comment.text, thread.comment.is_deleted, thread.answers) == ("", True, [answer])
    assert AuditEvent.objects.filter(action="comment.deleted").count() == 1
    with pytest.raises(CommentDeleted):
        comments.edit(comment=remark, text="Back", by=editor)


def test_a_thread_is_settled_and_opened_again(remark, approver, version):
    comments.resolve(comment=remark, by=approver)
    (settled,) = comments.of_version(version)

    comments.reopen(comment=remark, by=approver)
    (opened,) = comments.of_version(version)

    assert (settled.is_resolved, settled.comment.resolved_by) == (True, approver)
    assert (opened.is_resolved, opened.comment.resolved_by) == (False, None)


def test_an_answer_opens_a_settled_thread_again(remark, approver, version):
    comments.resolve(comment=remark, by=approver)

    comments.answer(comment=remark, text="One more thing", by=approver)

    assert not comments.of_version(version)[0].is_resolved


def test_who_is_named_is_told_once_and_the_writer_never(version, editor, approver, viewer):
    words = f"@{approver.name} @{approver.name} @{viewer.name} @{editor.name}"

    comment = comments.add(prompt=version.prompt, version=version, text=words, by=editor)

    sentence = f"{editor.display_name} mentioned you in a comment on {version.prompt.name} v1"
    assert sorted(told()) == sorted([(approver.pk, sentence), (viewer.pk, sentence)])
    assert Notification.objects.first().path.endswith(f"/versions/1/#comment-{comment.pk}")


def test_the_writer_of_the_version_hears_of_comments_on_it(remark, editor, approver):
    assert told() == [(approver.pk, f"{editor.display_name} commented on {remark.prompt.name} v1")]


def test_those_who_talk_in_a_thread_hear_of_answers(remark, editor, approver):
    Notification.objects.all().delete()

    comments.answer(comment=remark, text="Yes", by=approver)

    assert told() == [(editor.pk, f"{approver.display_name} answered you on {remark.prompt.name} v1")]


def test_changing_a_comment_tells_only_who_is_named_anew(remark, editor, approver, viewer):
    comments.edit(comment=remark, text=f"@{approver.name} look", by=editor)
    Notification.objects.all().delete()

    comments.edit(comment=remark, text=f"@{approver.name} and @{viewer.name} look", by=editor)

    assert [user for user, _ in told()] == [viewer.pk]


def test_somebody_of_another_project_cannot_be_named(version, editor):
    stranger = make_member(make_prompt().project, name="Far Away")

    comment = comments.add(prompt=version.prompt, version=version, text=f"@{stranger.name}", by=editor)

    assert comment.mentions == []


def test_a_comment_on_a_request_tells_who_asked_and_who_has_to_decide(prompt, editor, approver):
    version = make_version(prompt, by=editor)
    asked = change_requests.ask(prompt=prompt, version=version, label="production", by=editor, reviewer=approver)
    Notification.objects.all().delete()
    third = make_member(prompt.project)

    comment = comments.add(prompt=prompt, change_request_id=asked.pk, text=f"Why now? @{third.name}", by=approver)

    (thread,) = comments.of_change_request(project=prompt.project, change_request_id=asked.pk)
    assert thread.comment == comment
    page = f"/p/{prompt.project.slug}/prompts/{prompt.pk}/publish/?version=1&to=production#comment-{comment.pk}"
    told = {note.user_id: (note.sentence, note.path) for note in Notification.objects.all()}
    about = f"the request to publish {prompt.name} v1 to production"
    assert told == {
        third.pk: (f"{approver.display_name} mentioned you in a comment on {about}", page),
        editor.pk: (f"{approver.display_name} commented on {about}", page),
    }


def test_an_answer_to_a_comment_on_a_request_leads_back_to_it(prompt, editor, approver):
    version = make_version(prompt, by=editor)
    asked = change_requests.ask(prompt=prompt, version=version, label="production", by=editor)
    comment = comments.add(prompt=prompt, change_request_id=asked.pk, text="Why now?", by=approver)
    Notification.objects.all().delete()

    comments.answer(comment=comment, text="Because.", by=editor)

    told = Notification.objects.get()
    assert told.user == approver
    assert "/publish/?version=1&to=production#comment-" in told.path


def test_a_request_of_another_prompt_is_not_commented_on(prompt, editor):
    other = make_prompt(prompt.project)
    asked = change_requests.ask(prompt=other, version=make_version(other, by=editor), label="production", by=editor)

    with pytest.raises(comments.RequestUnknown):
        comments.add(prompt=prompt, change_request_id=asked.pk, text="Hello", by=editor)


@pytest.mark.parametrize(
    "broken",
    [
        "version_id = NULL",
        "message = 1, line = NULL",
        "message = 1, line = 0",
        "project_id = (SELECT max(id) FROM project)",
    ],
)
def test_the_database_refuses_a_comment_that_makes_no_sense(remark, broken):
    make_prompt()

    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(f"UPDATE prompt_comment SET {broken}; SET CONSTRAINTS ALL IMMEDIATE")
