"""What happens around every request."""

from __future__ import annotations

import pytest
from django.test import Client

from projects import people
from projects.roles import Role
from tests.projects.factories import make_member, make_project, signed_in
from webapp.middleware import client_address

pytestmark = pytest.mark.django_db


def test_the_token_of_a_link_never_reaches_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    token = people.sign_in_link(user=people.create_user(email="ann@example.com"))

    with caplog.at_level("INFO"):
        client.get(f"/sign-in/{token}/")

    assert "sign-in" in caplog.text
    assert token not in caplog.text


def test_every_answer_carries_a_reference_that_the_log_has(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        answer = client.get("/accounts/login/")

    assert answer["X-Request-Id"] in caplog.text


def test_who_opens_the_address_of_a_form_is_told_what_it_is() -> None:
    project = make_project()
    client = signed_in(make_member(project=project, role=Role.ADMIN))
    answer = client.get(f"/p/{project.slug}/costs/invoices/add/", headers={"Accept": "text/html"})

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "only takes what a form sends" in answer.content.decode()


def test_a_reference_sent_by_the_caller_is_kept_only_when_it_is_harmless(client: Client) -> None:
    kept = client.get("/livez", headers={"X-Request-Id": "abc-12345678"})
    replaced = client.get("/livez", headers={"X-Request-Id": "a\tb<script>"})

    assert kept["X-Request-Id"] == "abc-12345678"
    assert "script" not in replaced["X-Request-Id"]


def test_a_forwarded_address_counts_only_behind_a_declared_proxy(rf, settings) -> None:
    request = rf.get("/", headers={"X-Forwarded-For": "203.0.113.9"})

    assert client_address(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client_address(request) == "203.0.113.9"


def test_a_page_is_compressed(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Encoding": "gzip"})

    assert page["Content-Encoding"] == "gzip"
