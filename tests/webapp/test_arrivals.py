"""A request that arrives drop by drop is cut off; one that comes after a pause on the same connection is not."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from webapp.cli.layouts import ROOT
from webapp.embedded import ports

HOST = "127.0.0.1"
SECONDS = 2.0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = ports.any_free(HOST)
    environ = os.environ | {
        "CALLBOARD_BIND": f"{HOST}:{port}", "CALLBOARD_SECONDS_TO_ARRIVE": str(SECONDS), "CALLBOARD_WEB_THREADS": "4",
        "CALLBOARD_LOG_LEVEL": "CRITICAL",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "webapp.wsgi:application"],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 40
    while not _answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(
    "beginning",
    [b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Drip: ", b"POST /csp-report/ HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n"],
    ids=["headers", "body"],
)  # fmt: skip
def test_a_request_that_drips_is_cut_off(port: int, beginning: bytes) -> None:
    with socket.create_connection((HOST, port), timeout=1) as plug:
        plug.sendall(beginning)
        began = time.monotonic()
        is_open = True
        while is_open and time.monotonic() - began < 20:
            time.sleep(0.1)
            is_open = _is_open(plug)
        took = time.monotonic() - began

    assert not is_open
    assert took > SECONDS / 2
    assert _answers(port)


def _is_open(plug: socket.socket) -> bool:
    try:
        plug.sendall(b"x")
        plug.settimeout(0.05)
        return bool(plug.recv(4096))
    except TimeoutError:
        return True
    except OSError:
        return False


def test_the_next_request_on_a_connection_may_come_much_later(port: int) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    statuses = []
    for pause in (0.0, SECONDS + 1):
        time.sleep(pause)
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()

    assert statuses == [200, 200]
