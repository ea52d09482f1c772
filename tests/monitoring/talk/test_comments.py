"""Comments on traces: who writes, who is told, and what goes with the trace."""

from __future__ import annotations

import pytest
from django.db import connection

from monitoring.models import Trace, TraceComment, span_number
from monitoring.talk import comments
from monitoring.talk.comments import CommentGone, CommentRefused, NotYourComment
from projects.models import AuditEvent, Notification
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.monitoring.factories import make_trace, new_span_id
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ann(project):
    return make_member(project=project, role=Role.EDITOR, name="Ann Lee")


@pytest.fixture
def bo(project):
    return make_member(project=project, role=Role.EDITOR, name="Bo Sand")


@pytest.fixture
def trace(project):
    return Trace.objects.for_project(project).get(trace_id=make_trace(project))


def news(user):
    return list(Notification.objects.filter(user=user).values_list("sentence", flat=True))


def test_who_is_named_is_told_once_and_led_to_the_comment(project, trace, ann, bo):
    comment = comments.add(project=project, trace=trace, text="@Bo Sand, look. @bo sand!", by=ann)

    told = Notification.objects.get(user=bo)
    assert told.sentence == f"Ann Lee mentioned you in a comment on the trace {trace.hex_id[:8]}"
    assert told.path == f"/p/{project.slug}/traces/{trace.hex_id}/#comment-{comment.pk}"
    assert [name[2] for name in comment.mentions] == [bo.pk, bo.pk]
    assert news(ann) == []


def test_who_wrote_before_hears_of_the_next_comment(project, trace, ann, bo):
    comments.add(project=project, trace=trace, text="Strange.", by=ann)

    comments.add(project=project, trace=trace, text="Indeed.", by=bo)

    assert news(ann) == [f"Bo Sand also commented on the trace {trace.hex_id[:8]}"]
    assert news(bo) == []


def test_changing_a_comment_tells_only_who_is_named_anew(project, trace, ann, bo):
    comment = comments.add(project=project, trace=trace, text="@Bo Sand look", by=ann)

    comments.edit(comment=comment, trace=trace, text="@Bo Sand look again", by=ann)

    assert len(news(bo)) == 1
    assert TraceComment.objects.get().edited_at is not None


def test_only_the_author_changes_or_deletes_a_comment(project, trace, ann, bo):
    comment = comments.add(project=project, trace=trace, text="Mine", by=ann)

    with pytest.raises(NotYourComment):
        comments.edit(comment=comment, trace=trace, text="Yours", by=bo)
    with pytest.raises(NotYourComment):
        comments.delete(comment=comment, by=bo)
    comments.delete(comment=comment, by=ann)

    assert not TraceComment.objects.exists()
    assert AuditEvent.objects.filter(project=project, action="trace.comment_deleted").exists()


def test_a_viewer_only_reads(project, trace):
    viewer = make_member(project=project, role=Role.VIEWER)

    with pytest.raises(NotAllowed):
        comments.add(project=project, trace=trace, text="Hello", by=viewer)


@pytest.mark.parametrize("text", ["", " \n", "x" * 5_001])
def test_empty_and_endless_comments_are_refused(project, trace, ann, text):
    with pytest.raises(CommentRefused):
        comments.add(project=project, trace=trace, text=text, by=ann)


def test_a_comment_on_a_step_that_is_not_of_the_trace_is_refused(project, trace, ann):
    with pytest.raises(CommentRefused):
        comments.add(project=project, trace=trace, text="Here", by=ann, span_id=span_number(new_span_id()))


def test_a_trace_has_only_so_many_comments_as_its_page_shows(project, trace, ann, monkeypatch):
    monkeypatch.setattr(comments, "MOST_COMMENTS", 2)
    for text in ("One", "Two"):
        comments.add(project=project, trace=trace, text=text, by=ann)

    with pytest.raises(CommentRefused, match="has 2 comments already"):
        comments.add(project=project, trace=trace, text="Never seen", by=ann)


def test_a_comment_that_is_deleted_twice_at_once_is_said_to_be_gone(project, trace, ann):
    comment = comments.add(project=project, trace=trace, text="Mine", by=ann)
    TraceComment.objects.filter(pk=comment.pk).delete()

    with pytest.raises(CommentGone):
        comments.delete(comment=comment, by=ann)


def test_comments_go_with_their_trace(project, trace, ann):
    comments.add(project=project, trace=trace, text="Soon gone", by=ann)

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trace WHERE project_id = %s", [project.pk])

    assert not TraceComment.objects.exists()
