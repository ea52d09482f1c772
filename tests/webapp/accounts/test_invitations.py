"""Joining a project by an invitation."""

from __future__ import annotations

import pytest

from projects import members
from projects.models import AuditEvent, Invitation, Membership, User
from projects.roles import Role
from tests.projects.factories import PASSWORD, make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin):
    return make_project(name="Nordwind", by=admin)


def invite(project, admin, *, email: str = "new@example.com", role: str = Role.EDITOR) -> str:
    _, token = members.invite(project=project, email=email, role=role, by=admin)
    return f"/invitations/{token}/"


def test_opening_the_invitation_names_project_role_and_inviter_and_changes_nothing(client, project, admin):
    page = client.get(invite(project, admin))

    assert all(words in page.text for words in ("Nordwind", "editor", "Dana", "new@example.com"))
    assert Invitation.objects.get().accepted_at is None


def test_a_newcomer_gets_an_account_and_is_signed_in(client, project, admin):
    answer = client.post(invite(project, admin), {"name": "Sam", "password": PASSWORD})

    user = User.objects.get(email="new@example.com")
    assert answer.headers["Location"] == f"/p/{project.slug}/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.name, user.check_password(PASSWORD)) == ("Sam", True)
    assert Membership.objects.get(user=user).role == Role.EDITOR
    assert AuditEvent.objects.get(action="member.added", subject=user.email).project == project


def test_a_newcomers_weak_password_is_refused_and_the_invitation_stays(client, project, admin):
    link = invite(project, admin)

    answer = client.post(link, {"name": "Sam", "password": "12345678"})

    assert answer.status_code == 422
    assert "too common" in answer.text
    assert client.get(link).status_code == 200


def test_a_newcomer_cannot_choose_role_or_address(client, project, admin):
    client.post(
        invite(project, admin),
        {"name": "Sam", "password": PASSWORD, "role": "admin", "email": "boss@example.com", "is_owner": "on"},
    )

    user = User.objects.get(email="new@example.com")
    assert (Membership.objects.get(user=user).role, user.is_owner) == (Role.EDITOR, False)


def test_somebody_with_an_account_is_asked_to_sign_in_first(client, project, admin):
    make_user(email="new@example.com")
    link = invite(project, admin)

    page = client.get(link)
    taken = client.post(link, {"name": "Intruder", "password": PASSWORD})

    assert f"/accounts/login/?next={link}" in page.text
    assert taken.status_code == 409
    assert "_auth_user_id" not in client.session


def test_the_signed_in_person_joins(project, admin):
    user = make_user()
    client = signed_in(user)

    answer = client.post(invite(project, admin, email="somebody@example.com"))

    assert answer.headers["Location"] == f"/p/{project.slug}/"
    assert Membership.objects.get(user=user, project=project).role == Role.EDITOR
    assert not User.objects.filter(email="somebody@example.com").exists()


def test_a_member_does_not_use_an_invitation_up(project, admin):
    link = invite(project, admin)
    user = make_member(project=project, role=Role.VIEWER)

    signed_in(user).post(link)

    assert Membership.objects.get(user=user).role == Role.VIEWER
    assert Invitation.objects.get().is_open


def test_an_invitation_works_once(client, project, admin):
    link = invite(project, admin)
    client.post(link, {"name": "Sam", "password": PASSWORD})

    assert signed_in(make_user()).post(link).status_code == 410


def test_an_invitation_that_was_taken_back_is_gone(client, project, admin):
    link = invite(project, admin)
    members.revoke_invitation(invitation=Invitation.objects.get(), by=admin)

    answer = client.get(link)

    assert answer.status_code == 410
    assert "Ask for a new one" in answer.text


def test_an_invented_invitation_is_gone(client):
    assert client.get("/invitations/invented/").status_code == 410
