"""What can be done with many traces at once."""

from __future__ import annotations

import pytest

from projects.models import AuditEvent
from projects.roles import Role
from tests.monitoring.analysis.found_calls import make_found, names_of
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project, role=Role.EDITOR))


@pytest.fixture
def at(project):
    return lambda query: f"/p/{project.slug}/explore/no-problem/?{query}"


def test_findings_of_chosen_traces_are_counted_and_one_is_marked(project, browser, at):
    calls = [make_found(project, {"refused": 0.9, "toxic": 0.9}), make_found(project, {"refused": 0.9})]
    other = make_found(project, {"refused": 0.9})
    query = "&".join(f"chosen={call.trace_id.hex}" for call in calls)

    page = browser.get(at(query))
    assert page.context["found"] == [("refused", "Refused or dodged", 2), ("toxic", "Hateful or insulting", 1)]
    done = browser.post(at(query), {"detector": "refused"}, follow=True)

    assert "is marked as not a problem in 2 calls." in done.text
    assert [names_of(call) for call in [*calls, other]] == [["toxic"], [], ["refused"]]
    assert AuditEvent.objects.filter(project=project, action="flag.marked").count() == 2


def test_all_that_match_are_marked_and_the_filter_is_said_again(project, browser, at):
    wanted = make_found(project, {"refused": 0.9}, model="large")
    other = make_found(project, {"refused": 0.9}, model="small")

    page = browser.get(at("q=model%3Alarge&range=24h"))
    browser.post(page.context["selection"].action, {"detector": "refused"})

    assert "All 1 matching traces" in page.text
    assert [(chip["label"], chip["value"]) for chip in page.context["selection"].chips][1] == ("Model", "large")
    assert [names_of(call) for call in (wanted, other)] == [[], ["refused"]]


def test_a_finding_that_does_not_exist_is_refused(project, browser, at):
    call = make_found(project, {"refused": 0.9})

    answer = browser.post(at(f"chosen={call.trace_id.hex}"), {"detector": "nonsense"})

    assert "There is no such finding." in answer.text
    assert names_of(call) == ["refused"]


def test_viewers_cannot_mark(project, at):
    call = make_found(project, {"refused": 0.9})
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.post(at(f"chosen={call.trace_id.hex}"), {"detector": "refused"}).status_code == 403


def test_traces_of_other_projects_are_not_there(browser, at):
    call = make_found(make_project(), {"refused": 0.9})

    assert browser.get(at(f"chosen={call.trace_id.hex}")).status_code == 404
