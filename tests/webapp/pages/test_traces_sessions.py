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


def test_a_long_session_opens_at_its_end_and_brings_what_came_before_on_demand(project, page):
    traces = [make_trace(project, session="s", at=ago(60 - minutes)) for minutes in range(30)]
    browser = signed_in(make_member(project=project))

    latest = page(id="s")
    earlier = browser.get(latest.context["earlier_url"], headers={"HX-Request": "true"})

    assert [item.trace.hex_id for item in latest.context["exchanges"]] == traces[5:]
    assert [item.trace.hex_id for item in earlier.context["exchanges"]] == traces[:5]
    assert (earlier.context["earlier_url"], earlier.context["later_url"]) == ("", "")
    assert "<html" not in earlier.text


def test_a_session_opens_at_the_trace_that_somebody_came_from_and_goes_on_from_there(project, page):
    traces = [make_trace(project, session="s", at=ago(90 - minutes)) for minutes in range(60)]
    browser = signed_in(make_member(project=project))

    middle = page(id="s", trace=traces[10])
    later = browser.get(middle.context["later_url"], headers={"HX-Request": "true"})

    shown = middle.context["exchanges"]
    assert [item.trace.hex_id for item in shown] == traces[7:36]
    assert [item.trace.hex_id for item in shown if item.is_current] == [traces[10]]
    assert [item.trace.hex_id for item in later.context["exchanges"]] == traces[36:]
    assert later.context["earlier_url"] == ""


@pytest.mark.parametrize("trace", ["nonsense", "0" * 32])
def test_a_trace_of_another_session_opens_the_end(project, page, trace):
    made = make_trace(project, session="s")

    assert [item.trace.hex_id for item in page(id="s", trace=trace).context["exchanges"]] == [made]


def test_the_line_of_a_day_stands_once_where_stretches_meet(project, page):
    yesterday = ago(0).replace(hour=23, minute=50, second=0) - timedelta(days=1)
    for minutes in range(5):
        make_trace(project, session="s", at=yesterday + timedelta(minutes=minutes))
    for minutes in range(25):
        make_trace(project, session="s", at=yesterday + timedelta(minutes=11 + minutes / 60))
    browser = signed_in(make_member(project=project))

    latest = page(id="s")
    earlier = browser.get(latest.context["earlier_url"], headers={"HX-Request": "true"})

    assert latest.text.count("chat-day") == 0
    assert earlier.text.count("chat-day") == 2
    assert earlier.context["next_day"] == yesterday.date() + timedelta(days=1)


def test_what_a_session_adds_up_to_is_said_above_it(project, page):
    make_trace(project, session="s", at=ago(3), cost_usd=0.02, error="timeout")
    make_trace(project, session="s", at=ago(2), cost_usd=0.03)

    text = page(id="s").text

    assert "2 exchanges with 2 calls" in text
    assert "$0.05" in text
    assert "1 failed" in text


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
