"""What happens around every request."""

from __future__ import annotations

import orjson
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


@pytest.mark.parametrize("address", ["/shared/{}/", "/shared/{}", "/sign-in/{}"])
def test_a_secret_in_an_address_never_reaches_the_log_though_its_end_is_missing(
    client: Client, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    with caplog.at_level("INFO"):
        client.get(address.format("s3cret-of-a-link"))

    assert "status" in caplog.text
    assert "s3cret-of-a-link" not in caplog.text


def test_a_report_of_blocked_content_tells_no_secret_address(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    report = {
        "document-uri": "https://callboard.example/shared/s3cret-of-a-link/?span=1", "effective-directive": "script-src-elem",
        "referrer": "https://callboard.example/shared/s3cret-of-a-link/", "blocked-uri": "https://extension.example/a.js?user=1",
    }  # fmt: skip

    client.post("/csp-report/", orjson.dumps({"csp-report": report}), "application/csp-report")

    assert "script-src-elem" in caplog.text
    assert "extension.example/a.js" in caplog.text
    assert "s3cret-of-a-link" not in caplog.text


@pytest.mark.parametrize(
    "body", [b"\xff", b"[]", b'{"csp-report": 1}', b'{"csp-report": {"document-uri": "http://[x"}}']
)
def test_a_report_that_makes_no_sense_does_no_harm(client: Client, body: bytes) -> None:
    assert client.post("/csp-report/", body, "application/csp-report").status_code == 204


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
