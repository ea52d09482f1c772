"""Where somebody lands."""

from __future__ import annotations

import pytest

from projects import members
from projects.models import AuditEvent, Membership, Project
from projects.roles import Role
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


def test_somebody_who_is_not_signed_in_is_asked_to(client):
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_the_only_project_opens_at_once():
    user = make_user()
    project = make_project(by=user)

    assert signed_in(user).get("/").headers["Location"] == f"/p/{project.slug}/"


def test_the_project_last_used_opens():
    user = make_user()
    make_project(by=user)
    last = make_project(by=user)
    make_project(by=user)
    client = signed_in(user)
    client.get(f"/p/{last.slug}/settings/project/")

    assert client.get("/").headers["Location"] == f"/p/{last.slug}/"


def test_a_project_one_was_removed_from_does_not_open():
    user = make_user()
    admin = make_user()
    project = make_project(by=admin)
    membership = members.add(project=project, user=user, role=Role.VIEWER)
    client = signed_in(user)
    client.get(f"/p/{project.slug}/start/")
    members.remove(membership=membership, by=admin)

    assert client.get("/").headers["Location"] == "/projects/"


def test_the_list_shows_the_persons_projects_only():
    user = make_user()
    make_project(name="Nordwind", by=user)
    make_project(name="Secret plans")

    page = signed_in(user).get("/projects/")

    assert "Nordwind" in page.text
    assert "Secret plans" not in page.text


def test_without_a_project_the_page_says_what_to_do():
    page = signed_in(make_user()).get("/", follow=True)

    assert "No project yet" in page.text
    assert 'href="/projects/new/"' in page.text
    assert "invite you" in page.text


def test_a_new_project_leads_to_connecting_an_application():
    user = make_user()

    answer = signed_in(user).post("/projects/new/", {"name": "Nordwind"})

    assert answer.headers["Location"] == "/p/nordwind/start/"
    assert Membership.objects.get(user=user, project__slug="nordwind").role == Role.ADMIN


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_project_without_a_usable_name_is_not_made(name):
    answer = signed_in(make_user()).post("/projects/new/", {"name": name})

    assert answer.status_code == 422
    assert not Project.objects.exists()


def test_an_owner_of_the_installation_may_join_any_project():
    owner = make_user(is_owner=True)
    project = make_project(name="Other team")
    client = signed_in(owner)

    page = client.get("/projects/")
    client.post(f"/projects/{project.slug}/join/")

    assert "Other team" in page.text
    assert Membership.objects.get(user=owner).role == Role.ADMIN
    assert AuditEvent.objects.get(action="member.added").project == project


def test_joining_does_not_exist_for_anybody_else():
    user = make_user()
    project = make_project()

    assert signed_in(user).post(f"/projects/{project.slug}/join/").status_code == 404
    assert not Membership.objects.filter(user=user).exists()


def test_an_owner_who_belongs_already_keeps_the_role():
    project = make_project()
    owner = make_member(project=project, role=Role.VIEWER)
    type(owner).objects.update(is_owner=True)

    signed_in(owner).post(f"/projects/{project.slug}/join/")

    assert Membership.objects.get(user=owner).role == Role.VIEWER


def test_names_of_projects_are_shown_as_text():
    user = make_user()
    make_project(name="<script>alert(1)</script>", by=user)

    page = signed_in(user).get("/projects/")

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
