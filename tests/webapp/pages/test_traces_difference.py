"""The page that says what is different about some traces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.exploring import comparing, language
from monitoring.exploring.differences import Difference
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages.traces_difference import terms_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


@pytest.fixture
def page(project, browser):
    return lambda **query: browser.get(f"/p/{project.slug}/explore/difference/", query)


def fill(project, count, *, at=None, **fields):
    begin = at or timezone.now() - timedelta(hours=2)
    send(project, *(make_span(at=begin + timedelta(seconds=number), **fields) for number in range(count)))


def lines(answer):
    return {(line.label, line.value): line for line in answer.context["lines"]}


def test_each_difference_leads_to_those_that_have_it_and_to_those_that_do_not(project, page, browser):
    fill(project, 40, error="Timeout", prompt="refund", version=13, took_ms=6_000)
    fill(project, 10, error="Timeout", prompt="refund", version=12, took_ms=600)
    fill(project, 120, prompt="refund", version=12, took_ms=600)

    found = lines(page(q="outcome:error", range="7d"))

    version, slow = found["Prompt version", "refund v13"], found["Took", "at least 5s and less than 15s"]
    for line in (version, slow):
        counts = [sum(1 for _ in rows(browser, url)) for url in (line.with_url, line.without_url)]
        assert counts == [40, 10]
    assert "range=7d" in version.with_url


def test_what_the_filter_asks_for_is_no_difference(project, page):
    fill(project, 40, error="Timeout", model="large")
    fill(project, 120, model="small")

    labels = {label for label, _ in lines(page(q="outcome:error", range="7d"))}

    assert "Model" in labels
    assert "Outcome" not in labels


def rows(browser, url):
    answer = browser.get(url)
    assert not answer.context["form_errors"]
    return answer.context["page"].traces


def test_a_stretch_of_time_can_be_compared(project, page):
    begin = timezone.now() - timedelta(hours=5)
    fill(project, 40, at=begin, model="large")
    fill(project, 80, at=begin + timedelta(hours=3), model="small")

    since, until = (f"{begin + timedelta(minutes=minutes):%Y-%m-%dT%H:%M}" for minutes in (-5, 60))
    answer = page(since=since, until=until)

    assert lines(answer)["Model", "large"].one.share == 1.0
    assert "40 traces of the stretch beside 80 others" in answer.text


def test_all_traces_have_no_rest(page):
    assert "These are all traces" in page().text


def test_a_stretch_that_makes_no_sense_is_named(page):
    assert "This must be later than the start." in page(since="2026-01-02T00:00", until="2026-01-01T00:00").text
    assert page(since="soon").status_code == 200


def test_nothing_stands_out_where_all_is_alike(project, page):
    fill(project, 30, error="Timeout")
    fill(project, 30, user="ann")

    assert "Nothing stands out" in page(q="user:nobody").text


def test_texts_of_traces_stay_text(project, page):
    fill(project, 40, error="Timeout", model="<script>alert(1)</script>")
    fill(project, 40)

    text = page(status="error").text

    assert "alert(1)" in text
    assert "<script>alert(1)" not in text


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        *(("latency", edge) for edge in comparing.LATENCY), *(("cost", edge) for edge in comparing.COST),
        *(("tokens", edge) for edge in comparing.TOKENS), ("feedback", "none"), ("feedback", "up"), ("outcome", "ok"),
        ("prompt version", "a v1"), ("hour", "3"), ("arm", "control"), ("flag", "refused"), ("group", "12"),
        ("metadata.my key", 'say "no", or'), ("user", "u 17"), ("service", "a,b"), ("language", "de"),
    ],
)  # fmt: skip
def test_terms_of_any_difference_can_be_written_in_a_line(dimension, value):
    for terms in terms_of(Difference(dimension, value, 1, 2, 1, 2, 0.0, 1.0, 1.0)):
        assert language.parse(language.printed(terms)) == language.Parsed(tuple(terms))
