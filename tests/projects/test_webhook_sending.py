"""A webhook leaves only through the guard, waits five seconds at most and reads little of the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from projects import webhook_sending
from projects.outbound.errors import AddressRefused
from tests.projects.fake_receiver import FakeReceiver, receiving

PUBLIC, LOOPBACK = [ip_address("93.184.215.14")], [ip_address("127.0.0.1")]


@pytest.fixture
def receiver(settings) -> Iterator[FakeReceiver]:
    settings.WEBHOOK_ALLOWLIST = []
    with receiving(FakeReceiver()) as receiver:
        yield receiver


@pytest.fixture
def allowed(receiver: FakeReceiver, settings) -> FakeReceiver:
    settings.WEBHOOK_ALLOWLIST = [f"127.0.0.1:{receiver.port}"]
    return receiver


def post(url: str, **changes):
    return webhook_sending.post(url=url, body=b"{}", headers={"webhook-id": "evt_1"}, **changes)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "http://user:pass@127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://8.8.8.8/",
        "file:///etc/passwd",
        "not an address",
        "https://example.com/#part",
        "",
    ],
)
def test_an_address_this_server_may_not_call_is_refused_when_saved_and_when_used(receiver, url):
    url = url.format(port=receiver.port)

    with pytest.raises(AddressRefused):
        webhook_sending.check(url)
    reply = post(url)

    assert reply.status is None
    assert reply.error
    assert receiver.requests == []


def test_a_name_that_leads_to_a_private_address_is_refused(receiver):
    reply = post(f"https://hooks.example:{receiver.port}/", look_up=lambda host, port: LOOPBACK)

    assert "CALLBOARD_WEBHOOK_ALLOWLIST" in reply.error
    assert receiver.requests == []


def test_a_name_that_turns_private_after_it_was_saved_is_refused_when_used():
    answers = iter([PUBLIC, LOOPBACK])

    def flipping(host: str, port: int):
        return next(answers)

    webhook_sending.check("https://hooks.example/", look_up=flipping)
    reply = post("https://hooks.example/", look_up=flipping)

    assert "private or reserved network" in reply.error


def test_what_the_operator_allows_for_models_is_not_allowed_for_webhooks(receiver, settings):
    settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{receiver.port}"]

    assert post(receiver.url).error
    assert receiver.requests == []


def test_a_redirect_is_an_error_and_is_not_followed(allowed):
    allowed.script = ["redirect"]

    reply = post(allowed.url)

    assert "redirect" in reply.error
    assert len(allowed.requests) == 1


def test_the_body_the_query_and_the_signature_arrive_and_nothing_else_does(allowed):
    reply = post(allowed.url)

    (line, headers, body) = allowed.requests[0]
    assert (reply.status, reply.answer, reply.error) == (200, "thank you", "")
    assert line == "POST /hooks?token=abc HTTP/1.1"
    assert body == b"{}"
    assert headers["webhook-id"] == "evt_1"
    known = {"host", "accept", "connection", "user-agent", "accept-encoding", "content-type", "content-length"}
    assert set(headers) <= known | {"webhook-id"}


def test_no_key_in_an_address_reaches_the_log(allowed, caplog):
    post(allowed.url)

    assert "token=abc" not in caplog.text


def test_only_the_beginning_of_the_answer_is_kept(allowed):
    allowed.answer = b"\x00\xff" + b"x" * 100_000

    answer = post(allowed.url).answer

    assert len(answer.encode()) <= 2_048 + 10
    assert "\x00" not in answer


def test_a_receiver_that_keeps_silent_is_given_up(allowed, monkeypatch):
    monkeypatch.setattr(webhook_sending, "TIMEOUT_SECONDS", 0.3)
    allowed.script = ["silence"]

    reply = post(allowed.url)

    assert reply.status is None
    assert "took longer" in reply.error
    assert reply.took_ms < 4_000


@pytest.mark.parametrize("mode", ["hang up"])
def test_a_broken_connection_is_said(allowed, mode):
    allowed.script = [mode]

    assert "connection failed" in post(allowed.url).error


def test_nobody_listening_is_said(allowed, settings):
    settings.WEBHOOK_ALLOWLIST = ["127.0.0.1"]

    assert "connection failed" in post("http://127.0.0.1:1/").error


def test_a_name_server_that_keeps_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(webhook_sending, "TIMEOUT_SECONDS", 0.3)
    let_go, started = threading.Event(), time.monotonic()

    try:
        reply = post("https://hooks.example/", look_up=lambda host, port: let_go.wait(30) or [])
    finally:
        let_go.set()

    assert "took longer" in reply.error
    assert time.monotonic() - started < 15
