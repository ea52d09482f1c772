"""For owners of the installation: who has an account, sign-in links for those who lost theirs, switching accounts off."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects import people
from projects.errors import ProjectsError
from projects.models import User
from webapp import access
from webapp.access import SignedInRequest, owners_only
from webapp.accounts.reauthentication import fresh

_SHOWN = 200


@owners_only
def people_list(request: SignedInRequest) -> HttpResponse:
    """Show the accounts, or those with the searched text in name or address."""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = User.objects.annotate(project_count=Count("memberships")).order_by("email")
    if wanted:
        rows = rows.filter(Q(email__icontains=wanted) | Q(name__icontains=wanted))
    context = {"page_title": "People", "people": rows[:_SHOWN], "wanted": wanted, "total": User.objects.count()}
    return render(request, "accounts/people.html", context)


@owners_only
@require_POST
@fresh
def make_link(request: SignedInRequest, person_id: int) -> HttpResponseBase:
    """Make a link that signs the person in once, and show it, this once."""
    person = access.one(User.objects.filter(is_active=True), pk=person_id)
    token = people.sign_in_link(user=person, by=request.user)
    link = f"{settings.PUBLIC_URL}{reverse('sign-in-link', args=[token])}"
    context = {"page_title": "Sign-in link", "person": person, "link": link}
    response = render(request, "accounts/person_link.html", context, status=201)
    response["Cache-Control"] = "no-store"
    return response


@owners_only
@require_POST
@fresh
def switch_off(request: SignedInRequest, person_id: int) -> HttpResponseBase:
    """Keep somebody from signing in, at once."""
    person = access.one(User.objects.all(), pk=person_id)
    try:
        people.switch_off(user=person, by=request.user)
    except ProjectsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The account {person.email} is switched off and signed out everywhere.")
    return redirect("people")


@owners_only
@require_POST
@fresh
def switch_on(request: SignedInRequest, person_id: int) -> HttpResponseBase:
    """Let somebody sign in again."""
    person = access.one(User.objects.all(), pk=person_id)
    people.switch_on(user=person, by=request.user)
    messages.success(request, f"The account {person.email} may sign in again.")
    return redirect("people")
