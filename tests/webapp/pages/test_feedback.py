"""The page of the inbox of feedback."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.models import Score
from projects.roles import Role
from tests.monitoring.factories import make_trace, new_span_id
from tests.monitoring.feedback.factories import say
from tests.monitoring.issue_factories import make_issue, make_looked_at
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def editor(project):
    return signed_in(make_member(project=project, role=Role.EDITOR))


@pytest.fixture
def look(project, editor):
    return lambda query="", by=editor: by.get(f"/p/{project.slug}/feedback/{query}")


@pytest.fixture
def send(project, editor):
    return lambda query="", by=editor, **values: by.post(f"/p/{project.slug}/feedback/mark/{query}", values)


def test_what_was_said_stands_beside_its_call(project, look):
    trace_id = make_trace(project, asked="Where is my parcel?", answered="On Mars.", prompt="shop/answer", version=3)
    say(project, "It is not", trace_id=trace_id, user_id="ann")

    page = look()

    for words in ("It is not", "Where is my parcel?", "On Mars.", "shop/answer", "v3", "ann", "Thumbs down"):
        assert words in page.text
    assert f"/p/{project.slug}/traces/{trace_id}/#feedback" in page.text


def test_hostile_words_are_shown_as_words(project, look):
    say(project, "<script>alert(1)</script>", data_type="correction")

    assert "&lt;script&gt;alert(1)" in look().text
    assert "<script>alert(1)" not in look().text


def test_an_empty_inbox_says_what_comes_in_here(look):
    assert "Nothing new" in look().text
    assert "No such feedback" in look("?q=xyzzy").text
    assert "Nothing here yet" in look("?state=dismissed").text


@pytest.mark.parametrize("query", ["?state=eaten", "?form=x&thumbs=y&source=z&like=w", "?older=1-2&newer=x", "?q=%00"])
def test_values_that_make_no_sense_are_left_out(project, look, query):
    say(project, "Wrong")

    assert look(query).status_code == 200


def test_a_button_of_a_row_marks_that_row_and_the_list_stays(project, send):
    row, other = say(project, "Wrong"), say(project, "Rude")

    answer = send("?thumbs=down", one=f"handled:{row.id.hex}")

    assert answer.headers["Location"] == f"/p/{project.slug}/feedback/?thumbs=down"
    assert {score.id: score.triage for score in Score.objects.filter(project=project)} == {
        row.id: "handled", other.id: "new",
    }  # fmt: skip


def test_chosen_rows_are_marked_at_once(project, send):
    rows = [say(project, words) for words in ("Wrong", "Rude", "Slow")]

    send(to="dismissed", chosen=[row.id.hex for row in rows[:2]] + ["nonsense"])

    assert Score.objects.filter(project=project, triage="dismissed").count() == 2


def test_who_handled_it_is_shown(project, look, send):
    row = say(project, "Wrong")
    send(one=f"handled:{row.id.hex}")

    page = look("?state=handled")

    assert "Wrong" in page.text
    assert str(Score.objects.get(id=row.id).triaged_by.display_name) in page.text
    assert "Wrong" not in look("?state=new").text


def test_a_viewer_reads_and_marks_nothing(project, look, send):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))
    row = say(project, "Wrong")

    assert "feedback-form" not in look(by=viewer).text
    assert send(by=viewer, one=f"handled:{row.id.hex}").status_code == 403


def test_many_who_say_the_same_are_one_row_with_a_link_to_all(project, look):
    rows = [say(project, "Buy pills") for _ in range(3)]

    assert "2 more say the same" in look().text
    assert look(f"?like={rows[0].id.hex}").text.count("Buy pills</bdi>") == 3


def test_calls_go_to_a_dataset_with_the_better_answer(project, editor, send):
    trace_id = make_trace(project, asked="Where?", answered="Mars")
    row = say(project, "Oslo", data_type="correction", trace_id=trace_id)

    answer = send(one=f"dataset:{row.id.hex}")
    page = editor.get(answer.headers["Location"])

    assert answer.headers["Location"] == f"/p/{project.slug}/datasets/from-calls/?chosen={trace_id}"
    assert "Oslo" in page.text


def test_feedback_about_one_step_adds_that_step(project, send):
    span_id = new_span_id()
    trace_id = make_trace(project, asked="Where?", span_id=span_id)
    row = say(project, "Oslo", data_type="correction", trace_id=trace_id, span_id=span_id)

    assert send(one=f"dataset:{row.id.hex}").headers["Location"].endswith(f"?trace={trace_id}&span={span_id}")


def test_feedback_that_waits_for_its_call_goes_to_no_dataset(project, send):
    row = say(project, "Oslo", data_type="correction")

    assert send(one=f"dataset:{row.id.hex}").headers["Location"] == f"/p/{project.slug}/feedback/"


def test_a_call_that_never_came_is_said_to_be_missing(project, look):
    row = say(project, "Wrong")
    assert "Waits for its call" in look().text

    Score.objects.filter(id=row.id).update(received_at=timezone.now() - timedelta(days=8))

    assert "Its call never came" in look().text


def test_the_issue_of_the_call_is_named(project, look):
    call = make_looked_at(project, flags=int(Flag.REFUSED))
    issue = make_issue(project, title="Refunds are refused", prompt_name=call.prompt_name)
    say(project, "Wrong", trace_id=call.trace_id.hex)

    page = look()

    assert "Refunds are refused" in page.text
    assert f"/p/{project.slug}/issues/{issue.number}/" in page.text
