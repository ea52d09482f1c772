"""Addresses of accounts. Of allauth's addresses only those that are used are routed; their names are allauth's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, path, re_path

from webapp.access import Rule, declared, public, signed_in
from webapp.accounts import links, people, views
from webapp.accounts.preferences import preferences


def _open(view: Callable[..., Any], why: str) -> Callable[..., Any]:
    return declared(view, Rule("public", why=why))


urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", _open(views.SignIn.as_view(), "the way in"), name="account_login"),
    path("accounts/logout/", _open(views.SignOut.as_view(), "the way out"), name="account_logout"),
    path(
        "accounts/inactive/",
        _open(views.SwitchedOff.as_view(), "says why somebody cannot sign in"),
        name="account_inactive",
    ),
    path("accounts/signup/", public("says how accounts come about")(views.no_sign_up), name="account_signup"),
    path("accounts/confirm/", views.confirm, name="account_reauthenticate"),
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/preferences/", preferences, name="preferences"),
    path("accounts/password/change/", signed_in(views.ChangePassword.as_view()), name="account_change_password"),
    path("accounts/password/set/", signed_in(views.SetPassword.as_view()), name="account_set_password"),
    path(
        "accounts/password/reset/",
        public("for people who cannot sign in")(views.ask_for_reset),
        name="account_reset_password",
    ),
    path(
        "accounts/password/reset/done/",
        _open(views.ResetAsked.as_view(), "for people who cannot sign in"),
        name="account_reset_password_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        _open(views.ResetPassword.as_view(), "the link from the mail is the proof"),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        _open(views.ResetDone.as_view(), "for people who cannot sign in"),
        name="account_reset_password_from_key_done",
    ),
    path("accounts/people/", people.people_list, name="people"),
    path("accounts/people/<int:person_id>/link/", people.make_link, name="person-link"),
    path("accounts/people/<int:person_id>/off/", people.switch_off, name="person-off"),
    path("accounts/people/<int:person_id>/on/", people.switch_on, name="person-on"),
    path("sign-in/<str:token>/", links.sign_in, name="sign-in-link"),
    path("invitations/<str:token>/", links.invitation, name="invitation"),
]
