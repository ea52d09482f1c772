"""Changing, resetting and confirming passwords."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from projects import sign_in_attempts
from projects.models import ApiKey, AuditEvent
from tests.projects.factories import PASSWORD, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db
NEW = "another quiet evening"


def test_changing_the_password_needs_the_old_one():
    user = make_user(password=PASSWORD)

    answer = signed_in(user).post(
        "/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    )

    user.refresh_from_db()
    assert answer.status_code == 422
    assert user.check_password(PASSWORD)


def test_changing_the_password_ends_the_other_sessions():
    user = make_user(password=PASSWORD)
    here, elsewhere = signed_in(user), signed_in(user)

    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert here.get("/projects/").status_code == 200
    assert elsewhere.get("/projects/").status_code == 302
    assert AuditEvent.objects.filter(action="user.password_changed", user_id=user.pk).exists()


def test_guessing_the_old_password_counts_like_guessing_at_the_door():
    user = make_user(password=PASSWORD)
    client = signed_in(user)
    for _ in range(sign_in_attempts.PER_ACCOUNT):
        client.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW})

    answer = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert "Too many failed sign-ins" in answer.text


def test_without_mail_the_reset_page_says_whom_to_ask(client, settings):
    settings.IS_MAIL_CONFIGURED = False

    answer = client.post("/accounts/password/reset/", {"email": "dana@example.com"})

    assert "callboard sign-in-link" in answer.text
    assert mail.outbox == []


def test_with_mail_a_link_leads_to_a_new_password(client, settings):
    settings.IS_MAIL_CONFIGURED = True
    settings.PUBLIC_URL = "https://callboard.example"
    user = make_user(password=PASSWORD)

    client.post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"https://callboard\.example(/\S+)", mail.outbox[0].body).group(1)
    form = client.get(link, follow=True)
    answer = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW}, follow=True)

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert "Your password is changed" in answer.text
    assert Client().get(link, follow=True).context["token_fail"]


def test_the_reset_form_answers_alike_for_unknown_addresses(client, settings):
    settings.IS_MAIL_CONFIGURED = True
    user = make_user(password=PASSWORD)

    known = client.post("/accounts/password/reset/", {"email": user.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert "no account" in mail.outbox[1].body


def test_a_stale_session_is_asked_for_the_password_and_nothing_typed_is_lost():
    user = make_user(password=PASSWORD)
    project = make_project(by=user)
    client = signed_in(user, fresh=False)
    form = {"name": "support-api", "scopes": ["ingest", "prompts:read"], "environment": "", "lifetime": ""}

    asked = client.post(f"/p/{project.slug}/settings/keys/new/", form)
    wrong = client.post(f"/p/{project.slug}/settings/keys/new/", {**form, "current_password": "wrong"})
    done = client.post(f"/p/{project.slug}/settings/keys/new/", {**form, "current_password": PASSWORD})

    assert (asked.status_code, wrong.status_code, done.status_code) == (403, 422, 201)
    assert asked.text.count('name="scopes"') == 2
    assert "support-api" in asked.text
    assert ApiKey.objects.get().scopes == ["ingest", "prompts:read"]


def test_the_proof_lasts_half_an_hour():
    user = make_user(password=PASSWORD)
    project = make_project(by=user)
    client = signed_in(user, fresh=False)
    client.post("/accounts/confirm/", {"current_password": PASSWORD})

    assert client.post(f"/p/{project.slug}/start/key/").status_code == 201


def test_confirming_leads_on_to_where_the_person_wanted_to_be():
    user = make_user(password=PASSWORD)
    project = make_project(by=user)
    client = signed_in(user, fresh=False)

    asked = client.get(f"/p/{project.slug}/settings/audit/export.csv?action=key.created")
    answer = client.post(asked.headers["Location"], {"current_password": PASSWORD})

    assert answer.headers["Location"] == f"/p/{project.slug}/settings/audit/export.csv?action=key.created"


def test_the_page_that_asks_is_never_cached():
    user = make_user(password=PASSWORD)

    assert signed_in(user, fresh=False).get("/accounts/confirm/").headers["Cache-Control"] == "no-store"


def test_asking_for_resets_over_and_over_is_slowed_down(client, settings):
    settings.IS_MAIL_CONFIGURED = True
    user = make_user(password=PASSWORD)

    answers = [client.post("/accounts/password/reset/", {"email": user.email}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert "Too many tries" in answers[-1].text
