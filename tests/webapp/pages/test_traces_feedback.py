"""What the team says about a trace."""

from __future__ import annotations

import pytest

from monitoring.models import Score, Trace
from projects.roles import Role
from tests.monitoring.factories import make_trace, new_trace_id
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def editor(project):
    return make_member(project=project, role=Role.EDITOR)


@pytest.fixture
def trace_id(project):
    return make_trace(project)


@pytest.fixture
def give(project, trace_id, editor):
    def post(by=editor, trace=trace_id, **values):
        return signed_in(by).post(f"/p/{project.slug}/traces/{trace}/feedback/", values)

    return post


def test_a_verdict_is_stored_with_its_author(project, give, trace_id, editor):
    answer = give(thumbs="down", comment="Wrong city", correction="Oslo")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/p/{project.slug}/traces/{trace_id}/#feedback"
    found = {score.name: score for score in Score.objects.filter(project=project)}
    assert (found["thumbs"].value, found["thumbs"].comment, found["thumbs"].source) == (0.0, "Wrong city", "human")
    assert found["correction"].string_value == "Oslo"
    assert {score.author_id for score in found.values()} == {editor.pk}
    assert Trace.objects.get(project=project).thumbs_down == 1


def test_a_later_verdict_of_the_same_person_replaces_the_first(project, give):
    give(thumbs="down")
    give(thumbs="up")

    trace = Trace.objects.get(project=project)
    assert (trace.thumbs_up, trace.thumbs_down) == (1, 0)
    assert Score.objects.filter(project=project).count() == 1


def test_verdicts_of_two_people_stand_side_by_side(project, give):
    give(thumbs="down")
    give(by=make_member(project=project, role=Role.EDITOR), thumbs="up")

    assert Score.objects.filter(project=project).count() == 2


def test_a_comment_alone_is_enough(project, give):
    give(comment="Interesting")

    score = Score.objects.get(project=project)
    assert (score.name, score.data_type, score.string_value) == ("comment", "text", "Interesting")


@pytest.mark.parametrize(
    "values", [{}, {"comment": "   "}, {"thumbs": "sideways"}, {"comment": "x" * 9000}, {"comment": "a\x00b"}]
)
def test_what_says_nothing_or_makes_no_sense_is_refused_and_kept(project, give, values):
    answer = give(**values)

    assert answer.status_code == 422
    assert Score.objects.filter(project=project).count() == 0
    assert answer.context["form"].errors


def test_typed_text_survives_a_refusal(give):
    assert "my long thoughts" in give(thumbs="sideways", comment="my long thoughts").text


def test_viewers_may_not_judge_and_see_no_form(project, give, trace_id):
    viewer = make_member(project=project, role=Role.VIEWER)

    assert give(by=viewer, thumbs="up").status_code == 403
    assert 'name="thumbs"' not in signed_in(viewer).get(f"/p/{project.slug}/traces/{trace_id}/").text


def test_a_trace_that_is_not_here_cannot_be_judged(give):
    assert give(trace=new_trace_id(), thumbs="up").status_code == 404


def test_looking_changes_nothing(project, trace_id, editor):
    assert signed_in(editor).get(f"/p/{project.slug}/traces/{trace_id}/feedback/").status_code == 405
