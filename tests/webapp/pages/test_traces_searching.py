"""A search of the trace list that goes on where one page had no time to finish it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import trace_search
from monitoring.models import Trace
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


@pytest.fixture
def slow(monkeypatch):
    """A search whose time is up after every three traces."""
    monkeypatch.setitem(trace_search.page.__kwdefaults__, "first_window", 3)
    monkeypatch.setattr(trace_search, "_next_size", lambda *_, **__: 0)


def made(project, *texts):
    """Make one trace a minute, the newest first, and return their ids."""
    now = timezone.now()
    return [make_trace(project, at=now - timedelta(minutes=age), asked=text) for age, text in enumerate(texts, 1)]


def explored(browser, project, query="q=needle"):
    return browser.get(f"/p/{project.slug}/explore/?{query}")


def to_the_end(browser, answer):
    """Go on as the page does, and return every answer."""
    answers = []
    while url := answer.context.get("search_on_url"):
        answer = browser.get(url)
        answers.append(answer)
    return answers


def ids(answer):
    return [row.trace.hex_id for row in answer.context["rows"]]


@pytest.mark.usefixtures("slow")
def test_what_lies_further_back_is_found_by_going_on(project, browser):
    made_ids = made(project, "needle", "hay", "hay", "hay", "hay", "needle", "hay", "needle")

    page = explored(browser, project)
    answers = to_the_end(browser, page)

    assert ids(page) == [made_ids[0]]
    assert [one for answer in answers for one in ids(answer)] == [made_ids[5], made_ids[7]]
    assert "3 traces" in answers[-1].text


@pytest.mark.usefixtures("slow")
def test_a_search_says_how_far_it_came(project, browser):
    made(project, *["hay"] * 5)

    page = explored(browser, project, "q=needle&range=1h")

    assert 0 < page.context["searched_percent"] < 20
    assert "Nothing found yet" in page.text
    assert "data-with-rows hidden" in page.text


@pytest.mark.usefixtures("slow")
def test_a_search_that_finds_nothing_ends_with_what_may_help(project, browser):
    made(project, *["hay"] * 5)

    last = to_the_end(browser, explored(browser, project, "q=needle&range=1h"))[-1]

    assert "No trace matches" in last.text
    assert f"/p/{project.slug}/explore/?q=needle&amp;range=7d" in last.text
    assert "search-on" not in last.text


@pytest.mark.usefixtures("slow")
def test_a_search_stops_when_the_page_is_full(project, browser, monkeypatch):
    monkeypatch.setattr("webapp.pages.traces_searching.PAGE_SIZE", 2)
    monkeypatch.setitem(trace_search.page.__kwdefaults__, "limit", 2)
    made_ids = made(project, "needle", "hay", "hay", "hay", "needle", "needle", "hay")

    [last] = to_the_end(browser, explored(browser, project))
    older = browser.get(last.context["older_url"])

    assert ids(last) == [made_ids[4]]
    assert ids(older) == [made_ids[5]]


@pytest.mark.usefixtures("slow")
def test_the_way_back_to_newer_traces_stays_open(project, browser):
    made_ids = made(project, "needle", "hay", "hay", "hay", "hay", "hay", "hay")
    second = explored(
        browser,
        project,
        f"q=needle&older={trace_search.cursor_of(Trace.objects.get(project=project, trace_id=made_ids[0]))}",
    )

    last = to_the_end(browser, second)[-1]

    assert ids(browser.get(last.context["newer_url"])) == [made_ids[0]]
    assert "No trace matches" not in last.text


def test_odd_places_are_no_error(project, browser):
    made(project, "hay")
    at = f"/p/{project.slug}/explore/search-on/"

    for query in ("", "?older=x&newer=y&shown=-4", "?shown=99999999999999", "?q=needle&older=1-2&shown=٣"):
        assert browser.get(f"{at}{query}").status_code == 200


def test_strangers_search_nothing(project):
    stranger = signed_in(make_member(project=make_project()))

    assert stranger.get(f"/p/{project.slug}/explore/search-on/").status_code == 404
