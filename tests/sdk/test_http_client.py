"""The small HTTP client."""

from __future__ import annotations

import base64
import socket
import threading

import pytest
from callboard.errors import Unreachable
from callboard.http_client import HttpClient, proxy_for

from tests.sdk.fake_server import Scripted


@pytest.fixture
def connect():
    made = []

    def connect(url, **options):
        made.append(HttpClient(url=url, **({"api_key": "cb_k", "timeout": 1.0} | options)))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def test_a_connection_the_server_closed_meanwhile_is_opened_again(server, connect):
    client = connect(server.url)
    assert client.request("GET", "/a").status == 200
    server.stop()
    server.start_again()

    assert client.request("GET", "/b").status == 200


def test_an_address_may_have_a_path(server, connect):
    connect(f"{server.url}/callboard/").request("GET", "/v1/traces")

    assert server.received[0].path == "/callboard/v1/traces"


def test_redirects_are_not_followed(server, connect):
    server.answer_next("/a", Scripted(302, {"Location": f"{server.url}/b"}))

    assert connect(server.url).request("GET", "/a").status == 302
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9",
        "http://no-such-host.invalid",
        "http://",
        "http://127.0.0.1:99999",
        "nonsense://x:y",
        "http://[bad",
    ],
)
def test_an_address_that_leads_nowhere_is_unreachable(connect, url):
    with pytest.raises(Unreachable):
        connect(url).request("GET", "/")


def test_a_key_with_a_line_break_cannot_add_headers(server, connect):
    with pytest.raises(Unreachable):
        connect(server.url, api_key="cb_k\r\nX-Evil: 1").request("GET", "/")

    assert server.received == []


@pytest.fixture
def raw_server():
    """Answers every connection with the bytes it is given, for ever the last of them."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve(*, answer: bytes, then: bytes = b"") -> str:
        def run():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                while then and not stopping.wait(0.005):
                    try:
                        connection.sendall(then)
                    except OSError:
                        return

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    stopping.set()
    listener.close()


def test_an_answer_without_end_is_given_up(raw_server, connect):
    url = raw_server(answer=b"HTTP/1.1 200 OK\r\n\r\n", then=b"x" * 500_000)

    with pytest.raises(Unreachable, match="too large or too slow"):
        connect(url, timeout=5.0).request("GET", "/")


def test_an_answer_that_drips_is_given_up(raw_server, connect):
    url = raw_server(answer=b"HTTP/1.1 200 OK\r\n\r\n", then=b"x")

    with pytest.raises(Unreachable, match="too large or too slow"):
        connect(url, timeout=0.15).request("GET", "/")


@pytest.mark.parametrize(
    "answer", [b"rubbish\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500]
)
def test_an_answer_that_is_not_http_is_unreachable(raw_server, connect, answer):
    with pytest.raises(Unreachable):
        connect(raw_server(answer=answer)).request("GET", "/")


def test_a_proxy_is_used_as_the_environment_says(server, connect, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pa%24s@127.0.0.1:{server.port}")

    answer = connect("http://callboard.example/base").request("GET", "/v1/traces?a=1")

    assert answer.status == 200
    [request] = server.received
    assert request.path == "/base/v1/traces"
    assert request.headers["host"] == "callboard.example"
    assert request.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:pa$s").decode()


@pytest.mark.parametrize(
    ("host", "environ", "expected"),
    [
        ("a.example", {"http_proxy": "p:1"}, "p"),
        ("a.example", {"ALL_PROXY": "http://p:1"}, "p"),
        ("a.example", {}, None),
        ("a.example", {"https_proxy": "p:1"}, None),
        ("a.example", {"http_proxy": "p:1", "no_proxy": "b.example, .example"}, None),
        ("a.example", {"http_proxy": "p:1", "NO_PROXY": "*"}, None),
        ("ba.example", {"http_proxy": "p:1", "no_proxy": "a.example"}, "p"),
        ("a.example", {"HTTP_PROXY": "p:1", "REQUEST_METHOD": "GET"}, None),
        ("127.0.0.1", {"http_proxy": "p:1"}, None),
        ("localhost", {"http_proxy": "p:1"}, None),
    ],
)
def test_which_proxy_is_used(host, environ, expected):
    proxy = proxy_for("http", host, environ)

    assert (proxy.hostname if proxy else None) == expected
