"""The live tail of the trace list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def followed(browser, project, query=""):
    page = browser.get(f"/p/{project.slug}/explore/?follow=1{query}")
    return f"{page.context['follow_url']}&than={page.context['newest']}"


def test_what_came_in_is_answered_as_rows_newest_first(project, browser):
    make_trace(project, at=ago(10), model="large")
    url = followed(browser, project, "&q=model%3Alarge")
    first, second = (make_trace(project, at=ago(minutes), model="large") for minutes in (5, 2))
    make_trace(project, at=ago(1), model="small")

    answer = browser.get(url)

    assert [row.trace.hex_id for row in answer.context["rows"]] == [second, first]
    assert answer.context["newest"].endswith(second)
    assert "<tr>" in answer.text


def test_nothing_new_leaves_the_place_as_it_was(project, browser):
    make_trace(project, at=ago(10))
    url = followed(browser, project)

    answer = browser.get(url)

    assert answer.context["rows"] == []
    assert url.endswith(answer.context["newest"])


def test_following_is_offered_at_the_top_of_a_list_that_goes_on(project, browser):
    make_trace(project, at=ago(10))
    at = f"/p/{project.slug}/explore/"

    assert browser.get(at).context["start_following_url"] == f"{at}?follow=1"
    fixed = browser.get(at, {"range": f"{ago(60):%Y-%m-%dT%H:%MZ}..{ago(0):%Y-%m-%dT%H:%MZ}", "follow": "1"})
    assert "follow_url" not in fixed.context
    assert "start_following_url" not in fixed.context


def test_strangers_follow_nothing(project):
    stranger = signed_in(make_member(project=make_project()))

    assert stranger.get(f"/p/{project.slug}/explore/follow/").status_code == 404
