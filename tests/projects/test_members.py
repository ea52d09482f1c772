"""Behaviour of membership and invitations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects import members
from projects.errors import AlreadyMember, EmailTaken, InvitationNotUsable, LastAdmin
from projects.models import AuditEvent, Invitation, Membership, Project, User
from projects.roles import Role
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


def membership_of(user: User) -> Membership:
    return Membership.objects.select_related("project", "user").get(user=user)


def test_whoever_makes_a_project_is_its_admin(project, admin):
    assert membership_of(admin).role == Role.ADMIN


def test_nobody_is_a_member_twice(project, admin):
    with pytest.raises(AlreadyMember):
        members.add(project=project, user=admin, role=Role.VIEWER)


def test_the_last_admin_keeps_the_role(project, admin):
    with pytest.raises(LastAdmin):
        members.change_role(membership=membership_of(admin), role=Role.EDITOR, by=admin)


def test_the_last_admin_does_not_leave(project, admin):
    with pytest.raises(LastAdmin):
        members.remove(membership=membership_of(admin), by=admin)


def test_an_admin_may_go_when_another_one_stays(project, admin):
    make_member(project=project, role=Role.ADMIN)

    members.remove(membership=membership_of(admin), by=admin)

    assert not Membership.objects.filter(user=admin).exists()


def test_a_change_of_role_tells_before_and_after(project, admin):
    user = make_member(project=project, role=Role.VIEWER)

    members.change_role(membership=membership_of(user), role=Role.APPROVER, by=admin)

    event = AuditEvent.objects.get(action="member.role_changed")
    assert (event.subject, event.user_id, event.details) == (
        user.email,
        admin.pk,
        {"before": "viewer", "after": "approver"},
    )


def test_only_the_hash_of_an_invitation_is_stored(project, admin):
    _, token = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)

    assert token not in str(Invitation.objects.values().get())


def test_a_member_is_not_invited_again(project, admin):
    with pytest.raises(AlreadyMember):
        members.invite(project=project, email=admin.email.upper(), role=Role.VIEWER, by=admin)


def test_an_invitation_ends_after_a_week(project, admin):
    invitation, token = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)
    assert invitation.expires_at - timezone.now() <= timedelta(days=7)

    Invitation.objects.update(expires_at=timezone.now())

    with pytest.raises(InvitationNotUsable):
        members.open_invitation(token=token)


def test_two_people_cannot_use_one_invitation(project, admin):
    _, token = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)
    members.accept(token=token, user=make_user())

    with pytest.raises(InvitationNotUsable):
        members.accept(token=token, user=make_user())


def test_an_invitation_makes_no_second_account_for_an_address(project, admin):
    make_user(email="new@example.com")
    invitation, token = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)

    with pytest.raises(EmailTaken):
        members.accept(token=token, name="Somebody else")

    invitation.refresh_from_db()
    assert invitation.is_open


def test_every_change_of_membership_leaves_an_event(project, admin):
    invitation, _ = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)
    members.revoke_invitation(invitation=invitation, by=admin)
    user = make_member(project=project)
    members.remove(membership=membership_of(user), by=admin)

    actions = list(AuditEvent.objects.filter(project=project).order_by("pk").values_list("action", flat=True))
    assert actions == [
        "project.created",
        "member.invited",
        "member.invitation_revoked",
        "member.added",
        "member.removed",
    ]
