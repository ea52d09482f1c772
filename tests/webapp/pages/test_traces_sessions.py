"""One session as a conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.kinds import Kind
from tests.monitoring.factories import make_span, make_trace, send
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def page(project):
    browser = signed_in(make_member(project=project))

    def fetch(**query):
        return browser.get(f"/p/{project.slug}/sessions/", query)

    return fetch


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_traces_read_as_one_conversation(project, page):
    make_trace(project, session="s", at=ago(2), asked="And the hotel?", answered="Grand, Oslo", user="ann")
    make_trace(project, session="s", at=ago(5), asked="Book a flight", answered="SK123", user="ann")

    exchanges = page(id="s").context["exchanges"]

    assert [(item.asked.shown, item.answered.shown) for item in exchanges] == [
        ("Book a flight", "SK123"),
        ("And the hotel?", "Grand, Oslo"),
    ]


def test_only_the_last_question_of_a_call_is_repeated(project, page):
    asked = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": "second"},
    ]
    make_trace(project, session="s", asked=asked, answered="done")

    assert page(id="s").context["exchanges"][0].asked.shown == "second"


def test_traces_without_calls_show_their_previews(project, page):
    send(project, make_span(kind=Kind.CHAIN, session="s", asked="in", answered="out"))

    exchange = page(id="s").context["exchanges"][0]

    assert (exchange.asked.shown, exchange.answered.shown) == ("in", "out")


def test_long_sessions_come_in_pages(project, page):
    for minutes in range(30):
        make_trace(project, session="s", at=ago(60 - minutes))
    first = page(id="s")

    second = signed_in(make_member(project=project)).get(first.context["later_url"])

    assert (len(first.context["exchanges"]), len(second.context["exchanges"])) == (25, 5)
    assert second.context["later_url"] == ""
    assert second.context["first_url"].endswith("?id=s")


def test_long_texts_are_cut(project, page):
    make_trace(project, session="s", asked="x" * 100_000, answered="<script>" * 10_000)

    answer = page(id="s")

    assert len(answer.content) < 200_000
    assert "<script>&" not in answer.text
    assert "Long texts are cut here" in answer.text


@pytest.mark.parametrize("query", [{}, {"id": ""}, {"id": "nobody"}, {"id": "\x00"}, {"id": "x" * 9000}])
def test_sessions_that_are_not_here_do_not_exist(project, page, query):
    make_trace(project, session="s")

    assert page(**query).status_code == 404


def test_a_page_takes_the_same_few_statements_however_long_the_session_is(project, page, django_assert_max_num_queries):
    send(project, *(make_span(session="s", at=ago(minutes)) for minutes in range(1, 26)))

    with django_assert_max_num_queries(14):
        page(id="s")
