"""Saved views and chosen columns of the trace list."""

from __future__ import annotations

import pytest

from monitoring.exploring import views
from monitoring.exploring.models import TraceView
from projects.roles import Role
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ann(project):
    return make_member(project=project, role=Role.EDITOR)


@pytest.fixture
def browser(ann):
    return signed_in(ann)


@pytest.fixture
def at(project):
    return lambda place="": f"/p/{project.slug}/explore/{place}"


def save(browser, at, **more):
    data = {"name": "Dear ones", "q": "cost:>=1", "environment": "staging", "range": "7d", "columns": ["cost", "user"]}
    return browser.post(at("views/save/"), data | more)


def test_a_view_is_saved_and_opens_as_it_was(project, browser, at):
    answer = save(browser, at)

    view = TraceView.objects.get(project=project)
    assert answer.headers["Location"] == at(f"?q=cost%3A%3E%3D1&environment=staging&range=7d&view={view.pk}")
    opened = browser.get(answer.headers["Location"])
    assert opened.context["looks"].open == view
    assert opened.context["looks"].shown == ["cost", "user"]
    assert not opened.context["view_is_changed"]


def test_a_view_that_was_narrowed_further_says_so(project, browser, at):
    save(browser, at)
    view = TraceView.objects.get(project=project)

    answer = browser.get(at(f"?q=cost%3A%3E2&environment=staging&range=7d&view={view.pk}"))

    assert answer.context["view_is_changed"]


def test_only_the_shared_views_of_others_can_be_opened(project, browser, at):
    other = signed_in(make_member(project=project, role=Role.EDITOR))
    save(browser, at, name="Mine")
    save(browser, at, name="Ours", is_shared="1")

    assert [row.view.name for row in other.get(at()).context["looks"].views] == ["Ours"]
    mine = TraceView.objects.get(name="Mine", project=project)
    assert other.post(at(f"views/{mine.pk}/"), {"do": "delete"}).status_code == 404


def test_viewers_keep_views_for_themselves_alone(project, at):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    save(viewer, at, is_shared="1")

    assert not TraceView.objects.get(project=project).is_shared


def test_others_cannot_change_a_shared_view_but_admins_can(project, browser, at):
    save(browser, at, is_shared="1")
    view = TraceView.objects.get(project=project)
    editor, admin = (signed_in(make_member(project=project, role=role)) for role in (Role.EDITOR, Role.ADMIN))

    refused = editor.post(at(f"views/{view.pk}/"), {"do": "rename", "name": "Mine"}, follow=True)
    admin.post(at(f"views/{view.pk}/"), {"do": "rename", "name": "Ours", "is_shared": "1"})

    assert "Only whoever keeps a view, and admins, can change it." in refused.text
    view.refresh_from_db()
    assert view.name == "Ours"


def test_a_deletion_can_be_undone(project, browser, at):
    save(browser, at)
    view = TraceView.objects.get(project=project)

    deleted = browser.post(at(f"views/{view.pk}/"), {"do": "delete"}, follow=True)
    assert "is deleted" in deleted.text
    assert deleted.context["rows"] == []

    assert [
        row.view for row in browser.post(at(f"views/{view.pk}/"), {"do": "restore"}, follow=True).context["rows"]
    ] == [view]


def test_the_list_opens_with_the_default_view_and_with_all_traces_on_demand(project, ann, browser, at):
    view = views.save(project=project, name="Errors", line="outcome:error", by=ann)

    browser.post(at(f"views/{view.pk}/"), {"do": "default"})

    assert browser.get(at()).headers["Location"] == at(f"?q=outcome%3Aerror&view={view.pk}")
    assert browser.get(at("?view=all")).status_code == 200
    browser.post(at(f"views/{view.pk}/"), {"do": "no-default"})
    assert browser.get(at()).status_code == 200


def test_chosen_columns_are_shown_to_this_person_alone(project, browser, at):
    make_trace(project, user="u 17", session="s 4", cost_usd=0.5)
    other = signed_in(make_member(project=project))

    answer = browser.post(at("columns/"), {"columns": ["user", "session"], "next": at("?range=7d&view=all")})

    assert answer.headers["Location"] == at("?range=7d&view=all")
    mine, theirs = browser.get(at()).text, other.get(at()).text
    assert 'data-label="Session"' in mine
    assert 'data-label="Cost"' not in mine
    assert 'data-label="Cost"' in theirs
    assert 'data-label="Session"' not in theirs


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/p/other/explore/?a=b", "javascript:x"]
)
def test_nobody_is_sent_elsewhere(browser, at, elsewhere):
    assert browser.post(at("columns/"), {"next": elsewhere}).headers["Location"] == at("?view=all")


def test_what_makes_no_sense_is_not_kept(project, browser, at):
    save(browser, at, q="cost:>=1 promt:x", range="2026-01-01..2026-01-02")

    view = TraceView.objects.get(project=project)
    assert (view.line, view.time_range) == ("cost:>=1", "")


def test_names_and_lines_of_views_stay_text(browser, at):
    save(browser, at, name="<script>alert(1)</script>", q='"<img src=x>"')

    for place in ("", "views/"):
        text = browser.get(at(place)).text
        assert "<script>alert(1)" not in text
        assert "<img src=x" not in text
