"""What waited too long for a thread is refused at once, in a form that every client tries again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from webapp.overload import LONGEST_WAIT, refuse_late, waited_seconds


@pytest.fixture
def late() -> Iterator[None]:
    token = waited_seconds.set(LONGEST_WAIT + 0.1)
    yield
    waited_seconds.reset(token)


class Client:
    """Calls an application that answers 200 to everything."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = io.BytesIO(b"spans")

    def send(self, method: str, path: str, content_type: str = "application/json") -> bytes:
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": content_type, "wsgi.input": self.body,
        }  # fmt: skip
        return b"".join(refuse_late(self._answer)(environ, self._start))

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        return [b"done"]

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("path", ["/v1/traces", "/api/v1/feedback"])
def test_late_recordings_are_refused_with_a_time_to_come_back(path: str) -> None:
    client = Client()

    client.send("POST", path)

    assert client.status.startswith("503")
    assert 1 <= int(client.headers["Retry-After"]) <= 5
    assert client.body.read() == b"", "the request was not read to its end"


@pytest.mark.usefixtures("late")
def test_the_refusal_is_a_status_message_in_the_encoding_of_the_request() -> None:
    client = Client()

    as_json = json.loads(client.send("POST", "/v1/traces", "application/json; charset=utf-8"))
    as_protobuf = client.send("POST", "/v1/traces", "application/x-protobuf")

    assert as_json["code"] == 14
    assert as_protobuf[:3] == b"\x08\x0e\x12"
    assert as_protobuf[4:].decode() == as_json["message"]
    assert as_protobuf[3] == len(as_json["message"])
    assert client.headers["Content-Type"] == "application/x-protobuf"


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/prompts/a"), ("POST", "/p/shop/"), ("GET", "/livez")])
def test_prompts_and_pages_are_served_however_late(method: str, path: str) -> None:
    client = Client()

    assert client.send(method, path) == b"done"


def test_recordings_in_time_are_let_through() -> None:
    client = Client()

    assert client.send("POST", "/v1/traces") == b"done"
