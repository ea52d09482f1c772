"""Display choices, kept in cookies so that every page is right from its first byte: theme, density, single-letter keys, kind of editor."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from projects.models import User
from webapp.access import SignedInRequest, signed_in
from webapp.accounts.redirects import next_page

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("system", "light", "dark"),
    "density": ("comfortable", "compact"),
    "shortcuts": ("on", "off"),
    "editor": ("rich", "simple"),
}
_SECONDS_KEPT = 400 * 24 * 3600


@signed_in
@require_POST
def preferences(request: SignedInRequest) -> HttpResponse:
    """Keep what the menu under the person's name sent, and go back to the page it was sent from."""
    is_script = request.headers.get("X-Requested-With") == "fetch"
    response = HttpResponse(status=204) if is_script else HttpResponseRedirect(next_page(request))
    keep(response, request.user, request.POST)
    return response


def keep(response: HttpResponse, user: User, chosen: Mapping[str, str]) -> None:
    """Store the display choices among `chosen`; what is missing or unknown stays as it was."""
    for name, choices in CHOICES.items():
        if chosen.get(name) in choices:
            set_cookie(response, name, chosen[name])
    if chosen.get("shortcuts") in CHOICES["shortcuts"]:
        User.objects.filter(pk=user.pk).update(shortcuts_enabled=chosen["shortcuts"] == "on")


def restore(response: HttpResponse, user: User) -> None:
    """Bring the choices that belong to the person, not to the browser, to a browser they sign in from."""
    set_cookie(response, "shortcuts", "on" if user.shortcuts_enabled else "off")


def set_cookie(response: HttpResponse, name: str, value: str) -> None:
    """Keep one choice in the browser."""
    response.set_cookie(
        f"cb_{name}", value, max_age=_SECONDS_KEPT, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
