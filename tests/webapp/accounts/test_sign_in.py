"""Signing in with a password."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from projects import sign_in_attempts
from projects.models import AuditEvent, SignInAttempt, User
from tests.projects.factories import PASSWORD, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra):
    return client.post(LOGIN, {"login": email, "password": password}, **extra)


def test_the_right_password_signs_in(client):
    user = make_user(password=PASSWORD)

    answer = sign_in(client, user.email)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_the_address_may_be_typed_in_capitals(client):
    make_user(email="dana@example.com", password=PASSWORD)

    assert sign_in(client, "Dana@Example.COM").status_code == 302


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client):
    user = make_user(password=PASSWORD)

    wrong = sign_in(client, user.email, "wrong")
    unknown = sign_in(client, "nobody@example.com", "wrong")

    assert wrong.status_code == unknown.status_code == 422
    assert "not right" in wrong.text
    assert _without_what_was_typed(wrong) == _without_what_was_typed(unknown)


def _without_what_was_typed(answer) -> list[str]:
    return [line for line in answer.text.splitlines() if "example.com" not in line and "csrf" not in line]


def test_the_session_gets_a_new_id_at_sign_in(client):
    user = make_user(password=PASSWORD)
    session = client.session
    session["something"] = 1
    session.save()
    before = client.cookies["callboard_session"].value

    sign_in(client, user.email)

    assert client.cookies["callboard_session"].value != before


def test_the_fourteen_days_of_a_session_start_at_sign_in(client):
    user = make_user(password=PASSWORD)
    session = client.session
    session["begun_at"] = 1
    session.save()

    sign_in(client, user.email)

    assert client.session["begun_at"] == pytest.approx(time.time(), abs=5)


def test_signing_in_is_audited(client):
    user = make_user(password=PASSWORD)

    sign_in(client, user.email, REMOTE_ADDR="203.0.113.9")

    event = AuditEvent.objects.get(action="user.signed_in")
    assert (event.user_id, event.address, event.details) == (user.pk, "203.0.113.9", {"method": "password"})


def test_five_failures_block_the_account_from_this_network(client):
    user = make_user(password=PASSWORD)
    for _ in range(sign_in_attempts.PER_ACCOUNT):
        sign_in(client, user.email, "wrong")

    answer = sign_in(client, user.email)

    assert answer.status_code == 422
    assert "Too many failed sign-ins" in answer.text
    assert SignInAttempt.objects.count() == sign_in_attempts.PER_ACCOUNT


def test_a_blocked_account_still_signs_in_from_elsewhere(client):
    user = make_user(password=PASSWORD)
    for _ in range(sign_in_attempts.PER_ACCOUNT):
        sign_in(client, user.email, "wrong")

    assert sign_in(client, user.email, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_an_unknown_address_is_blocked_like_a_known_one(client):
    for _ in range(sign_in_attempts.PER_ACCOUNT):
        sign_in(client, "nobody@example.com", "wrong")

    assert "Too many failed sign-ins" in sign_in(client, "nobody@example.com", "wrong").text


def test_a_hundred_failures_block_the_network(client):
    user = make_user(password=PASSWORD)
    for number in range(sign_in_attempts.PER_ADDRESS):
        sign_in_attempts.note_failure(account=f"guess{number}@example.com", address="127.0.0.1")

    assert "Too many failed sign-ins" in sign_in(client, user.email).text


def test_forty_people_behind_one_address_may_sign_in_within_a_minute():
    user = make_user(password=PASSWORD)

    answers = {sign_in(Client(), user.email).status_code for _ in range(40)}

    assert answers == {302}


def test_a_disabled_person_does_not_get_in(client):
    user = make_user(password=PASSWORD, is_active=False)

    answer = sign_in(client, user.email)

    assert answer.headers["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session
    assert "switched off" in client.get("/accounts/inactive/").text


def test_the_session_of_a_disabled_person_dies_at_once():
    user = make_user(password=PASSWORD)
    project = make_project(by=user)
    client = signed_in(user)
    assert client.get(f"/p/{project.slug}/").status_code == 200

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(f"/p/{project.slug}/").status_code == 302


@pytest.mark.parametrize(
    ("next_page", "expected"), [("/p/shop/", "/p/shop/"), ("https://evil.example/", "/"), ("//evil.example", "/")]
)
def test_after_signing_in_only_our_own_pages_follow(client, next_page, expected):
    user = make_user(password=PASSWORD)

    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": next_page})

    assert answer.headers["Location"] == expected


def test_signing_out_needs_a_post():
    client = signed_in(make_user(password=PASSWORD))

    page = client.get("/accounts/logout/")
    still_in = "_auth_user_id" in client.session
    client.post("/accounts/logout/")

    assert page.status_code == 200
    assert still_in
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up_on_their_own(client):
    answer = client.post("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD})

    assert "by invitation" in answer.text
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_browser_that_signs_in_learns_that_single_letter_keys_are_off(client):
    user = make_user(password=PASSWORD)
    User.objects.filter(pk=user.pk).update(shortcuts_enabled=False)

    sign_in(client, user.email)

    assert client.cookies["cb_shortcuts"].value == "off"
