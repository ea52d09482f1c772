"""The page with calls like one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


def ask(project, text, **fields):
    return make_trace(project, asked=text, at=timezone.now() - timedelta(minutes=5), **fields)


def test_calls_like_it_are_listed_and_can_be_opened_as_a_list(project, browser):
    trace_id = ask(project, "Where is my parcel?")
    near = ask(project, "Where is my parcel now? <script>alert(1)</script>")
    look(project)

    answer = browser.get(f"/p/{project.slug}/traces/{trace_id}/similar/", {"range": "7d"})

    assert [row.trace.hex_id for row in answer.context["rows"]] == [near]
    assert "<script>alert(1)" not in answer.text
    as_list = browser.get(answer.context["list_url"])
    assert [trace.hex_id for trace in as_list.context["page"].traces] == [near]


def test_a_call_that_nobody_looked_at_says_so(project, browser):
    trace_id = ask(project, "Where?")

    assert "Nothing to compare with yet" in browser.get(f"/p/{project.slug}/traces/{trace_id}/similar/").text


@pytest.mark.parametrize("span", ["zz", "9" * 40, "-1"])
def test_a_step_that_is_none_is_left_out(project, browser, span):
    trace_id = ask(project, "Where?")
    look(project)

    assert browser.get(f"/p/{project.slug}/traces/{trace_id}/similar/", {"span": span}).status_code == 200
