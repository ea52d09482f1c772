"""Behaviour of accounts and one-time sign-in links."""

from __future__ import annotations

import pytest

from projects import people
from projects.errors import EmailTaken, SignInLinkNotUsable
from projects.models import AuditEvent, SignInLink, User
from tests.projects.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_passwords_are_stored_with_argon2id():
    user = people.create_user(email="dana@example.com", password=PASSWORD)

    assert user.password.startswith("argon2$argon2id$")


def test_the_address_is_kept_in_small_letters():
    assert people.create_user(email=" Dana@Example.COM ").email == "dana@example.com"


def test_an_address_has_one_account():
    make_user(email="dana@example.com")

    with pytest.raises(EmailTaken):
        make_user(email="DANA@example.com")


def test_an_account_without_a_password_cannot_be_entered_with_one():
    assert not people.create_user(email="dana@example.com").has_usable_password()


def test_only_the_hash_of_a_link_is_stored():
    token = people.sign_in_link(user=make_user())

    assert token not in str(SignInLink.objects.values().get())


def test_a_link_is_used_once():
    user = make_user()
    token = people.sign_in_link(user=user)

    assert people.use_sign_in_link(token=token) == user
    with pytest.raises(SignInLinkNotUsable):
        people.use_sign_in_link(token=token)


def test_looking_at_a_link_does_not_use_it():
    user = make_user()
    token = people.sign_in_link(user=user)

    assert people.owner_of_link(token=token) == people.owner_of_link(token=token) == user


def test_nobody_owns_an_invented_link():
    assert people.owner_of_link(token="invented") is None


def test_accounts_and_links_leave_events():
    user = make_user()
    people.use_sign_in_link(token=people.sign_in_link(user=user))

    actions = list(AuditEvent.objects.filter(subject=user.email).order_by("pk").values_list("action", flat=True))
    assert actions == ["user.created", "user.sign_in_link_created", "user.signed_in_by_link"]


def test_an_owner_is_made_only_on_purpose():
    assert not User.objects.get(pk=make_user().pk).is_owner
