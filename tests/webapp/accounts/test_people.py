"""What owners of the installation do with accounts."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from projects.models import AuditEvent, SignInLink, User
from tests.projects.factories import make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user(is_owner=True)


@pytest.fixture
def browser(owner: User) -> Client:
    return signed_in(owner)


def test_owners_see_everybody_and_find_them(browser):
    dana, sam = make_user(name="Dana"), make_user(email="sam@example.com")

    everybody = browser.get("/accounts/people/").text
    found = browser.get("/accounts/people/?q=DAN").text

    assert all(words in everybody for words in (dana.email, sam.email))
    assert dana.email in found
    assert sam.email not in found


def test_a_sign_in_link_is_shown_once_and_works(browser, owner, settings):
    settings.PUBLIC_URL = "https://callboard.example"
    user = make_user()

    answer = browser.post(f"/accounts/people/{user.pk}/link/")
    path = re.search(r"https://callboard\.example(/sign-in/[\w-]+/)", answer.text).group(1)
    visitor = Client()
    visitor.post(path)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert visitor.session["_auth_user_id"] == str(user.pk)
    assert AuditEvent.objects.get(action="user.sign_in_link_created").user_id == owner.pk


def test_switching_somebody_off_ends_their_sessions_and_links(browser):
    user = make_user()
    theirs = signed_in(user)

    browser.post(f"/accounts/people/{user.pk}/off/")

    assert theirs.get("/projects/").status_code == 302
    assert browser.post(f"/accounts/people/{user.pk}/link/").status_code == 404
    assert not SignInLink.objects.exists()


def test_switching_on_lets_them_back_in(browser):
    user = make_user(is_active=False)

    browser.post(f"/accounts/people/{user.pk}/on/")

    user.refresh_from_db()
    assert user.is_active
    assert AuditEvent.objects.filter(action="user.switched_on", subject=user.email).exists()


def test_nobody_switches_off_their_own_account(browser, owner):
    answer = browser.post(f"/accounts/people/{owner.pk}/off/", follow=True)

    owner.refresh_from_db()
    assert owner.is_active
    assert "your own account" in answer.text


def test_these_acts_need_a_fresh_proof(owner):
    user = make_user()
    client = signed_in(owner, fresh=False)

    statuses = {client.post(f"/accounts/people/{user.pk}/{act}/").status_code for act in ("link", "off", "on")}

    assert statuses == {403}
    user.refresh_from_db()
    assert user.is_active


def test_the_page_does_not_exist_for_others():
    assert signed_in(make_user()).get("/accounts/people/").status_code == 404
