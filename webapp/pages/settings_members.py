"""Settings: who belongs to the project, what they may do, and who is invited."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from projects import members
from projects.errors import ProjectsError
from projects.models import Invitation, Project
from projects.roles import ROLES_ALLOWED, Action, Role
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_secret, render_settings

PAGE = "settings-members"

_IN_WORDS = {
    Action.READ_TRACES: "Look at calls, feedback and numbers",
    Action.READ_PROMPTS: "Read prompts and their versions",
    Action.GIVE_FEEDBACK: "Give feedback on calls",
    Action.EDIT_PROMPTS: "Write prompts and save versions",
    Action.EDIT_DATASETS: "Collect test data in datasets",
    Action.EDIT_EVALUATORS: "Write checks",
    Action.EDIT_ISSUES: "Care for issues: owners, notes, merging, closing",
    Action.EDIT_ALERTS: "Make, change and mute alerts",
    Action.EDIT_DASHBOARDS: "Make and change dashboards",
    Action.RUN_MODELS: "Try prompts on a model (this costs money)",
    Action.UNDO_PUBLISH: "Undo what was published",
    Action.PUBLISH: "Approve what somebody else wrote, publish to protected places such as production",
    Action.MANAGE_PROVIDERS: "Connect model providers and set their keys",
    Action.MANAGE_PROJECT: "Manage members, API keys and the project",
}


@dataclass(frozen=True, slots=True)
class Ability:
    """One row of the «can do» table."""

    words: str
    roles: list[bool]


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", max_length=254, help_text="No mail is sent. You get a link to pass on.",
        widget=forms.EmailInput(attrs={"data-shortcut": "new", "autocomplete": "off"}),
    )  # fmt: skip
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.VIEWER)


@requires(Action.MANAGE_PROJECT)
def member_list(request: ProjectRequest) -> HttpResponse:
    """Show members, open invitations and what each role may do."""
    return _page(request, InviteForm())


def _page(request: ProjectRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    project = request.project
    context = {
        "form": form,
        "members": project.memberships.select_related("user").order_by("user__email")[:200],
        "invitations": _open_invitations(project)[:200],
        "roles": Role.choices,
        "role_labels": Role.labels,
        "abilities": abilities(),
    }
    return render_settings(request, "settings/members.html", context, page=PAGE, status=status)


def _open_invitations(project: Project) -> QuerySet[Invitation]:
    rows = project.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return rows.select_related("invited_by").order_by("-created_at")


def abilities() -> list[Ability]:
    """Return what each role may do, in words, from the table that every route is checked against."""
    return [
        Ability(words=_IN_WORDS.get(action, action.value.capitalize()), roles=[role in allowed for role in Role])
        for action, allowed in sorted(ROLES_ALLOWED.items(), key=lambda entry: -len(entry[1]))
    ]


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def invite(request: ProjectRequest) -> HttpResponseBase:
    """Make an invitation and show its link, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        invitation, token = members.invite(
            project=request.project, email=form.cleaned_data["email"], role=form.cleaned_data["role"], by=request.user
        )
    except ProjectsError as error:
        form.add_error("email", str(error))
        return _page(request, form, status=422)
    context = {"invitation": invitation, "link": f"{settings.PUBLIC_URL}{reverse('invitation', args=[token])}"}
    return render_secret(request, "settings/invited.html", context, page=PAGE)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def change_role(request: ProjectRequest, member_id: int) -> HttpResponseBase:
    """Give a member another role."""
    membership = one(request.project.memberships.select_related("user", "project"), pk=member_id)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.error(request, "This role does not exist. Choose one from the list.")
        return redirect(PAGE, request.project.slug)
    try:
        members.change_role(membership=membership, role=role, by=request.user)
    except ProjectsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user} is now {Role(role).label.lower()}.")
    return _after_change(
        request, is_self=membership.user_id == request.user.pk, still_admin=membership.role == Role.ADMIN
    )


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def remove(request: ProjectRequest, member_id: int) -> HttpResponseBase:
    """End a membership."""
    membership = one(request.project.memberships.select_related("user", "project"), pk=member_id)
    is_self = membership.user_id == request.user.pk
    try:
        members.remove(membership=membership, by=request.user)
    except ProjectsError as error:
        messages.error(request, str(error))
        return redirect(PAGE, request.project.slug)
    messages.success(request, f"{membership.user} no longer belongs to the project.")
    return redirect("projects") if is_self else redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def revoke_invitation(request: ProjectRequest, invitation_id: int) -> HttpResponseBase:
    """Make the link of an invitation useless."""
    invitation = one(_open_invitations(request.project).select_related("project"), pk=invitation_id)
    members.revoke_invitation(invitation=invitation, by=request.user)
    messages.success(request, f"The invitation for {invitation.email} is taken back.")
    return redirect(PAGE, request.project.slug)


def _after_change(request: ProjectRequest, *, is_self: bool, still_admin: bool) -> HttpResponse:
    # Somebody who just gave up being admin may not see this page any more.
    if is_self and not still_admin:
        return redirect("overview", request.project.slug)
    return redirect(PAGE, request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/members/", member_list, name=PAGE),
    path("settings/members/invite/", invite, name="invite-member"),
    path("settings/members/<int:member_id>/role/", change_role, name="change-role"),
    path("settings/members/<int:member_id>/remove/", remove, name="remove-member"),
    path("settings/members/invitations/<int:invitation_id>/revoke/", revoke_invitation, name="revoke-invitation"),
]
