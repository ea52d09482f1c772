"""Coming in by a link: sign-in links and invitations. Opening a link changes nothing, so mail scanners burn none."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from projects import members, people
from projects.errors import AlreadyMember, EmailTaken, InvitationNotUsable, SignInLinkNotUsable
from projects.models import Invitation, User
from webapp.access import public
from webapp.accounts import preferences
from webapp.accounts.forms import NewAccount


@public("the link is the proof; only its button uses it up")
@never_cache
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the person a one-time link was made for."""
    if request.method == "POST":
        return _use_link(request, token)
    person = people.owner_of_link(token=token)
    if person is None:
        return _gone(request, "Sign in", SignInLinkNotUsable())
    return render(request, "accounts/sign_in_link.html", {"page_title": "Sign in", "person": person})


def _use_link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        person = people.use_sign_in_link(token=token)
    except SignInLinkNotUsable as error:
        return _gone(request, "Sign in", error)
    get_adapter(request).login(request, person, method="link")
    response = redirect("account_set_password")
    preferences.restore(response, person)
    return response


@public("the link is the proof; only its button uses it up")
@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let somebody join a project: as the person who is signed in, or with a new account."""
    try:
        found = members.open_invitation(token=token)
        if request.method == "POST":
            return _join(request, token, found)
    except InvitationNotUsable as error:
        return _gone(request, "Invitation", error)
    return _invitation_page(request, found, NewAccount(email=found.email))


def _join(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    if request.user.is_authenticated:
        return _join_as(request, token, found, request.user)
    form = NewAccount(request.POST, email=found.email)
    if not form.is_valid():
        return _invitation_page(request, found, form, status=422)
    try:
        person = members.accept(token=token, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
    except EmailTaken:
        return _invitation_page(request, found, form, status=409)
    get_adapter(request).login(request, person, method="invitation")
    return redirect("overview", found.project.slug)


def _join_as(request: HttpRequest, token: str, found: Invitation, person: User) -> HttpResponse:
    try:
        members.accept(token=token, user=person)
    except AlreadyMember:
        messages.info(request, f"You already belong to {found.project.name}. The invitation stays open.")
    else:
        messages.success(request, f"You are now a member of {found.project.name}.")
    return redirect("overview", found.project.slug)


def _invitation_page(request: HttpRequest, found: Invitation, form: NewAccount, *, status: int = 200) -> HttpResponse:
    context = {
        "page_title": f"Join {found.project.name}",
        "invitation": found,
        "form": form,
        "has_account": User.objects.filter(email=found.email).exists(),
    }
    return render(request, "accounts/invitation.html", context, status=status)


def _gone(request: HttpRequest, title: str, error: Exception) -> HttpResponse:
    return render(request, "accounts/link_gone.html", {"page_title": title, "error": str(error)}, status=410)
