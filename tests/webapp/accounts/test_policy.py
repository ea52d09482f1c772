"""Every way in passes the one policy; the ways are read from the table of addresses."""

from __future__ import annotations

import pytest
from django.test import Client

from projects import members, people
from projects.models import User
from tests.projects.factories import PASSWORD, make_project, make_user, signed_in
from webapp import access
from webapp.accounts import urls
from webapp.accounts.policy import SignInRefused, authenticate_policy

pytestmark = pytest.mark.django_db

# Addresses for people who are not signed in, and how somebody would come in by each; None: nobody can.
WAYS_IN = {
    "account_login": lambda user: Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD}),
    "sign-in-link": lambda user: Client().post(f"/sign-in/{_token}/"),
    "invitation": lambda user: _accept_invitation(user),
    "account_reset_password_from_key": None,
    "account_reset_password_from_key_done": None,
    "account_reset_password": None,
    "account_reset_password_done": None,
    "account_logout": None,
    "account_inactive": None,
    "account_signup": None,
}
_token = "set by the test"


def _accept_invitation(user: User):
    client = signed_in(user)
    admin = make_user()
    _, token = members.invite(project=make_project(by=admin), email="x@example.com", role="viewer", by=admin)
    return client.post(f"/invitations/{token}/")


def test_every_open_address_of_accounts_is_known_here():
    open_addresses = {
        pattern.name for pattern in urls.urlpatterns if access.rule_of(pattern.callback).audience == "public"
    }

    assert open_addresses == set(WAYS_IN)


@pytest.mark.parametrize("name", [name for name, enter in WAYS_IN.items() if enter])
def test_no_way_in_lets_a_disabled_person_pass(name):
    global _token
    user = make_user(password=PASSWORD)
    _token = people.sign_in_link(user=user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    answer = WAYS_IN[name](user)

    assert answer.client.get("/projects/").status_code == 302
    assert not user.memberships.exists()


def test_the_policy_refuses_in_plain_words():
    with pytest.raises(SignInRefused, match="switched off"):
        authenticate_policy(User(email="x@example.com", is_active=False))


def test_the_last_step_of_every_sign_in_asks_the_policy(rf):
    from allauth.account.adapter import get_adapter

    with pytest.raises(SignInRefused):
        get_adapter().login(rf.get("/"), make_user(is_active=False))
