"""Who belongs to a project: invitations, roles, leaving."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from projects import audit, people, tokens
from projects.errors import AlreadyMember, InvitationNotUsable, LastAdmin
from projects.models import Invitation, Membership, Notification, Project, User
from projects.roles import Role

INVITATION_LIFETIME = timedelta(days=7)


@transaction.atomic
def add(*, project: Project, user: User, role: str, by: User | None = None) -> Membership:
    """Make the user a member of the project."""
    try:
        with transaction.atomic():
            membership = Membership.objects.create(project=project, user=user, role=Role(role))
    except IntegrityError as error:
        raise AlreadyMember from error
    audit.record(action="member.added", subject=user.email, by=by, project=project, role=str(role))
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: User) -> Membership:
    """Give the member another role; the last admin keeps theirs."""
    before = membership.role
    _keep_an_admin(membership, becomes=role)
    membership.role = Role(role)
    membership.save(update_fields=["role"])
    audit.record(
        action="member.role_changed", subject=membership.user.email, by=by, project=membership.project,
        before=before, after=str(role),
    )  # fmt: skip
    return membership


@transaction.atomic
def remove(*, membership: Membership, by: User) -> None:
    """End the membership; the last admin stays."""
    _keep_an_admin(membership, becomes=None)
    # They lead to pages that this person may not open any more.
    Notification.objects.filter(project=membership.project, user=membership.user).delete()
    audit.record(
        action="member.removed", subject=membership.user.email, by=by, project=membership.project, role=membership.role
    )
    membership.delete()


@transaction.atomic
def invite(*, project: Project, email: str, role: str, by: User) -> tuple[Invitation, str]:
    """Return an invitation and the token of its link, which is shown once."""
    email = email.strip().lower()
    if project.memberships.filter(user__email__iexact=email).exists():
        raise AlreadyMember
    token = tokens.link_token()
    invitation = Invitation.objects.create(
        project=project, email=email, role=Role(role), token_hash=tokens.digest(token), invited_by=by,
        expires_at=timezone.now() + INVITATION_LIFETIME,
    )  # fmt: skip
    audit.record(action="member.invited", subject=email, by=by, project=project, role=str(role))
    return invitation, token


def open_invitation(*, token: str) -> Invitation:
    """Return the invitation behind a link."""
    invitation = (
        Invitation.objects.select_related("project", "invited_by").filter(token_hash=tokens.digest(token)).first()
    )
    if invitation is None or not invitation.is_open:
        raise InvitationNotUsable
    return invitation


@transaction.atomic
def accept(*, token: str, user: User | None = None, name: str = "", password: str | None = None) -> User:
    """Return the member who came in by the invitation, with a new account when nobody is signed in."""
    invitation = open_invitation(token=token)
    claimed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        accepted_at=timezone.now()
    )
    if not claimed:
        raise InvitationNotUsable
    if user is None:
        user = people.create_user(email=invitation.email, name=name, password=password)
    add(project=invitation.project, user=user, role=invitation.role, by=invitation.invited_by)
    return user


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> None:
    """Make the link of an invitation useless."""
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())
    audit.record(action="member.invitation_revoked", subject=invitation.email, by=by, project=invitation.project)


def _keep_an_admin(membership: Membership, *, becomes: str | None) -> None:
    if membership.role != Role.ADMIN or becomes == Role.ADMIN:
        return
    admins = Membership.objects.select_for_update().filter(project=membership.project, role=Role.ADMIN)
    if len(admins) <= 1:
        raise LastAdmin
