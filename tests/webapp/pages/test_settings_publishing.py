"""Settings → Publishing: everybody sees the rule, admins change it after proving who they are."""

from __future__ import annotations

import pytest

from projects.models import AuditEvent, Project, User
from projects.roles import Role
from tests.projects.factories import PASSWORD, make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana", password=PASSWORD)


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin, is_approval_required=True)


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/publishing/"


def test_everybody_sees_the_rule_and_only_admins_a_button(project, admin, url):
    viewer = make_member(project=project, role=Role.VIEWER)

    shown = signed_in(viewer).get(url).text

    assert "needs the approval of somebody who did not write it" in shown
    assert "An admin can change this." in shown
    assert "Switch approval off" not in shown
    assert "Switch approval off" in signed_in(admin).get(url).text


def test_an_admin_switches_approval_off_and_everybody_sees_who_did_it(project, admin, url):
    signed_in(admin).post(f"{url}approval/", {"approval": "off"})

    project.refresh_from_db()
    assert project.is_approval_required is False
    shown = signed_in(make_member(project=project)).get(url).text
    assert "Approval is switched off" in shown
    assert "by Dana" in shown
    assert admin.email not in shown
    assert AuditEvent.objects.filter(action="project.approval_switched_off", user=admin).exists()


@pytest.mark.parametrize("road", ["approval/", "protect/"])
def test_a_session_that_is_not_fresh_is_asked_for_the_password(project, admin, url, road):
    answer = signed_in(admin, fresh=False).post(f"{url}{road}", {"approval": "off", "labels": "staging"})

    project.refresh_from_db()
    assert "current_password" in answer.text
    assert (project.is_approval_required, project.protected_labels) == (True, ["production"])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
def test_nobody_else_changes_the_rule(project, url, role):
    browser = signed_in(make_member(project=project, role=role))

    statuses = {browser.post(f"{url}{road}").status_code for road in ("approval/", "protect/")}

    assert statuses == {403}


def test_an_admin_protects_more_places(project, admin, url):
    signed_in(admin).post(f"{url}protect/", {"labels": "staging, eu-production ,"})

    project.refresh_from_db()
    assert project.protected_labels == ["eu-production", "production", "staging"]
    assert "eu-production, staging" in signed_in(admin).get(url).text


@pytest.mark.parametrize("typed", ["latest", "Bad Name", ",".join(f"p{number}" for number in range(30))])
def test_what_cannot_be_protected_says_why_and_keeps_what_was_typed(project, admin, url, typed):
    answer = signed_in(admin).post(f"{url}protect/", {"labels": typed})

    assert (answer.status_code, typed in answer.text) == (422, True)
    project.refresh_from_db()
    assert project.protected_labels == ["production"]
