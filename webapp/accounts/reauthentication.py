"""Asks again who somebody is before they change who may do what: the proof of a sign-in lasts thirty minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

FRESH_SECONDS = 30 * 60
PASSWORD_FIELD = "current_password"  # noqa: S105 - the name of a form field
WRONG = "This is not your password. Type it again."

View = Callable[..., HttpResponseBase]


def begin(request: HttpRequest, *, method: str) -> None:
    """Note a sign-in: the session's lifetime and the proof of who it belongs to start now."""
    request.session["begun_at"] = request.session["seen_at"] = int(time.time())
    request.session["signed_in_by"] = method
    renew(request)


def renew(request: HttpRequest) -> None:
    """Note that the person has just proved who they are."""
    request.session["proved_at"] = int(time.time())


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the person proved who they are within the last thirty minutes."""
    proved_at: int = request.session.get("proved_at", 0)
    return 0 <= time.time() - proved_at <= FRESH_SECONDS


def came_by_link(request: HttpRequest) -> bool:
    """Tell whether a one-time link signed this person in, a moment ago."""
    return is_fresh(request) and request.session.get("signed_in_by") == "link"


def check_password(request: HttpRequest, password: str) -> None:
    """Renew the proof, or raise ValidationError; failures count like failed sign-ins."""
    person = get_adapter(request).authenticate(request, email=request.user.email, password=password)  # type: ignore[union-attr]
    if person is None or person.pk != request.user.pk:
        raise ValidationError(WRONG)
    renew(request)


def fresh(view: View) -> View:
    """Let a view run only for somebody who proved who they are lately; otherwise ask, and lose nothing that was typed."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        if request.method != "POST":
            return HttpResponseRedirect(
                f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
            )
        error = ""
        if PASSWORD_FIELD in request.POST:
            try:
                check_password(request, request.POST[PASSWORD_FIELD])
            except ValidationError as refused:
                error = refused.messages[0]
            else:
                return view(request, *args, **kwargs)
        return ask(request, error=error)

    return checked


def ask(request: HttpRequest, *, error: str = "", kept: bool = True) -> HttpResponseBase:
    """Answer with the page that asks for the password and carries the form along that was sent."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if kept and name not in {PASSWORD_FIELD, "csrfmiddlewaretoken"}
    ]
    context = {
        "page_title": "Confirm that it is you",
        "error": error,
        "fields": fields,
        "has_password": request.user.is_authenticated and request.user.has_usable_password(),
    }
    status = 422 if error else 403 if request.method == "POST" else 200
    response = render(request, "accounts/confirm.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
