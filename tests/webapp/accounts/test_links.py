"""Coming in by a sign-in link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from projects import people
from projects.models import AuditEvent, SignInLink
from tests.projects.factories import PASSWORD, make_user, signed_in

pytestmark = pytest.mark.django_db


def link_for(user) -> str:
    return f"/sign-in/{people.sign_in_link(user=user)}/"


def test_opening_the_link_says_whom_it_signs_in_and_changes_nothing(client):
    user = make_user(name="Dana")
    link = link_for(user)

    pages = [client.get(link), client.get(link), client.head(link)]

    assert {page.status_code for page in pages} == {200}
    assert user.email in pages[0].text
    assert SignInLink.objects.get().used_at is None


def test_the_button_signs_in_and_offers_a_password(client):
    user = make_user()

    answer = client.post(link_for(user))

    assert answer.headers["Location"] == "/accounts/password/set/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert AuditEvent.objects.get(action="user.signed_in").details == {"method": "link"}


def test_the_link_works_once(client):
    link = link_for(make_user())
    client.post(link)

    again = Client().post(link)

    assert again.status_code == 410
    assert "used already" in again.text
    assert Client().get(link).status_code == 410


def test_the_link_ends_after_a_day(client):
    link = link_for(make_user())
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert client.post(link).status_code == 410


def test_the_link_of_a_disabled_person_is_useless(client):
    assert client.post(link_for(make_user(is_active=False))).status_code == 410


def test_the_link_replaces_whoever_was_signed_in():
    other, user = make_user(), make_user()
    client = signed_in(other)

    client.post(link_for(user))

    assert client.session["_auth_user_id"] == str(user.pk)


def test_somebody_without_a_password_chooses_one_after_the_link(client):
    user = make_user(password=None)
    client.post(link_for(user))

    answer = client.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})

    user.refresh_from_db()
    assert answer.headers["Location"] == "/"
    assert user.check_password(PASSWORD)
    assert client.get("/projects/").status_code == 200


def test_somebody_who_forgot_their_password_sets_a_new_one_after_the_link(client):
    user = make_user(password="the forgotten one")
    client.post(link_for(user))

    client.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_weak_password_is_refused_in_plain_words(client):
    user = make_user()
    client.post(link_for(user))

    answer = client.post("/accounts/password/set/", {"password1": "password", "password2": "password"})

    assert answer.status_code == 422
    assert "too common" in answer.text


def test_without_a_fresh_link_nobody_sets_a_password_without_the_old_one():
    user = make_user(password=PASSWORD)

    answer = signed_in(user).post(
        "/accounts/password/set/", {"password1": "another evening", "password2": "another evening"}
    )

    user.refresh_from_db()
    assert answer.headers["Location"] == "/accounts/password/change/"
    assert user.check_password(PASSWORD)


def test_somebody_without_a_password_needs_a_new_link_after_half_an_hour(client):
    user = make_user(password=None)
    client.post(link_for(user))
    session = client.session
    session["proved_at"] -= 31 * 60
    session.save()

    answer = client.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})

    user.refresh_from_db()
    assert f"callboard sign-in-link {user.email}" in answer.text
    assert not user.has_usable_password()
