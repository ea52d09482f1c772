"""Comments on the page of a trace."""

from __future__ import annotations

import pytest

from monitoring.models import Trace, TraceComment
from monitoring.talk import comments
from projects.roles import Role
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ann(project):
    return make_member(project=project, role=Role.EDITOR, name="Ann Lee")


@pytest.fixture
def browser(ann):
    return signed_in(ann)


def at(project, hex_id, rest=""):
    return f"/p/{project.slug}/traces/{hex_id}/{rest}"


def test_a_comment_is_written_and_shown_as_text_with_the_name_in_it(project, browser):
    hex_id = make_trace(project)

    answer = browser.post(at(project, hex_id, "comments/"), {"text": "<b>Look</b> @Ann Lee"}, follow=True)

    assert "&lt;b&gt;Look&lt;/b&gt;" in answer.text
    assert '<span class="mention">@Ann Lee</span>' in answer.text


def test_a_comment_on_a_step_leads_to_it(project, browser):
    hex_id = new_trace_id()
    root = make_span(trace_id=hex_id, name="plan trip")
    call = make_span(trace_id=hex_id, parent_id=root.span_id.hex(), name="book hotel")
    send(project, root, call)

    answer = browser.post(at(project, hex_id, "comments/"), {"text": "Why here?", "span": call.span_id.hex()})
    text = browser.get(at(project, hex_id)).text

    assert f"?span={call.span_id.hex()}#comment-" in answer["Location"]
    assert f'on the step <a href="?span={call.span_id.hex()}">book hotel</a>' in text


def test_what_was_typed_is_kept_when_it_cannot_be_stored(project, browser):
    hex_id = make_trace(project)

    answer = browser.post(at(project, hex_id, "comments/"), {"text": "long " * 1_001})

    assert answer.status_code == 422
    assert "A comment may have up to 5,000 characters" in answer.text
    assert "long long long" in answer.text


def test_one_changes_and_deletes_ones_own_comment_only(project, browser, ann):
    hex_id = make_trace(project)
    trace = Trace.objects.for_project(project).get(trace_id=hex_id)
    mine = comments.add(project=project, trace=trace, text="Mine", by=ann)
    other = comments.add(project=project, trace=trace, text="Other", by=make_member(project=project, role=Role.EDITOR))

    assert browser.post(at(project, hex_id, f"comments/{mine.pk}/edit/"), {"text": "Better"}).status_code == 302
    assert browser.post(at(project, hex_id, f"comments/{other.pk}/edit/"), {"text": "Worse"}).status_code == 422
    assert browser.post(at(project, hex_id, f"comments/{other.pk}/delete/")).status_code == 302

    assert sorted(TraceComment.objects.values_list("text", flat=True)) == ["Better", "Other"]


def test_a_comment_of_another_trace_is_not_found(project, browser, ann):
    first, second = make_trace(project), make_trace(project)
    trace = Trace.objects.for_project(project).get(trace_id=first)
    comment = comments.add(project=project, trace=trace, text="Mine", by=ann)

    assert browser.post(at(project, second, f"comments/{comment.pk}/delete/")).status_code == 404


def test_a_viewer_reads_comments_and_has_no_form(project, ann):
    hex_id = make_trace(project)
    trace = Trace.objects.for_project(project).get(trace_id=hex_id)
    comments.add(project=project, trace=trace, text="Interesting", by=ann)

    text = signed_in(make_member(project=project, role=Role.VIEWER)).get(at(project, hex_id)).text

    assert "Interesting" in text
    assert "New comment" not in text
    assert ">Share<" not in text


def test_a_step_that_is_none_counts_as_the_whole_trace(project, browser):
    hex_id = make_trace(project)

    browser.post(at(project, hex_id, "comments/"), {"text": "Hm", "span": "nonsense"})

    assert TraceComment.objects.get().span_id is None
