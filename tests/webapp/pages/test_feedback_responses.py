"""The page about who answers."""

from __future__ import annotations

import pytest

from monitoring.feedback import responses
from monitoring.feedback.bounds import Kind
from projects.roles import Role
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages import feedback_responses

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def look(project):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))
    return lambda query="": viewer.get(f"/p/{project.slug}/feedback/who-answers/{query}")


def make_calls(project, count, *, up=0, down=0, **fields):
    for number in range(count):
        trace_id = make_trace(project, **fields)
        if number < up + down:
            rate(project, trace_id, up=number < up)


def test_the_page_says_how_many_answered_and_what_is_left_open(project, look):
    make_calls(project, 40, up=15, down=5)

    page = look()

    assert "20 of 40 calls have a thumb" in page.text
    assert "75% of those who answered were pleased." in page.text
    assert "38% to 88%" in page.text


def test_another_factor_makes_the_bounds_wider(project, look):
    make_calls(project, 40, up=15, down=5)

    assert "at most 3 times" in look().text
    assert "at most 5 times" in look("?odds=5").text
    assert "at most 3 times" in look("?odds=1000").text


def test_a_few_answers_are_not_enough(project, look):
    make_calls(project, 10, up=3)

    assert "Not enough data yet: 3 calls have a thumb" in look().text


def test_without_calls_or_thumbs_it_says_so(project, look):
    assert "No calls in this time" in look().text
    make_calls(project, 1)
    assert "Nobody has given a thumb" in look().text


def test_too_many_calls_are_not_waited_for(project, look, monkeypatch):
    monkeypatch.setattr(responses, "_READ", "SELECT pg_sleep(5)")
    monkeypatch.setattr(responses, "MOST_MILLISECONDS", 50)

    assert "Too many calls to look at at once" in look().text


def test_hostile_names_are_shown_as_text(project, look):
    make_calls(project, 2, up=1, model="<script>alert(1)</script>")
    make_calls(project, 2, up=1, model="small")

    assert "&lt;script&gt;alert(1)" in look().text
    assert "<script>alert(1)" not in look().text


def test_what_the_factor_means_is_told_in_people():
    [_, within] = feedback_responses.reaches([Kind(calls=1_000, up=60, down=40)], 3.0)

    assert "at most 3 times higher or lower" in within.text
    assert (within.words, within.low) == ("36% to 80%", "36.00")
