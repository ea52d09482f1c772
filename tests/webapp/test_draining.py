"""A web process that is told to end says so for a moment, turns senders away, and finishes what it has begun."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from webapp import draining
from webapp.cli.layouts import ROOT
from webapp.embedded import ports

HOST = "127.0.0.1"
REPORT = b'{"csp-report": {"blocked-uri": "inline"}}'


class Web:
    """A web process of its own; what is asked of it here needs no database."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def ask(self, method: str, path: str) -> tuple[int, dict[str, str]]:
        """Return status and headers; 0 while nobody answers."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=15)
        try:
            connection.request(method, path, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        except OSError:
            return 0, {}
        finally:
            connection.close()

    def wait_for(self, path: str, status: int) -> None:
        deadline = time.monotonic() + 40
        while self.ask("GET", path)[0] != status:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def web() -> Iterator[Web]:
    port = ports.any_free(HOST)
    environ = os.environ | {
        "CALLBOARD_BIND": f"{HOST}:{port}", "CALLBOARD_DRAIN_SECONDS": "5", "CALLBOARD_WEB_THREADS": "4",
        "CALLBOARD_LOG_LEVEL": "CRITICAL",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "webapp.wsgi:application"],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    started = Web(port, process)
    try:
        started.wait_for("/livez", 200)
        yield started
    finally:
        process.kill()
        process.wait()


def test_after_sigterm_it_turns_senders_away_and_finishes_what_runs(web):
    running = http.client.HTTPConnection(HOST, web.port, timeout=30)
    running.putrequest("POST", "/csp-report/")
    running.putheader("Content-Type", "application/csp-report")
    running.putheader("Content-Length", str(len(REPORT)))
    running.endheaders(REPORT[:10])
    time.sleep(0.3)

    web.process.send_signal(signal.SIGTERM)
    web.wait_for("/readyz", 503)
    refused, headers = web.ask("POST", "/v1/traces")
    alive, _ = web.ask("GET", "/livez")
    running.send(REPORT[10:])
    finished = running.getresponse().status
    running.close()

    assert (refused, alive, finished) == (503, 200, 204)
    assert 1 <= int(headers["retry-after"]) <= 5
    assert web.process.wait(30) == 0


@pytest.fixture
def worker() -> Iterator[SimpleNamespace]:
    """What stands for gunicorn's worker, in this process, whose handler of SIGTERM comes back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    told = SimpleNamespace(times=0)
    told.handle_exit = lambda number, frame: setattr(told, "times", told.times + 1)
    yield told
    signal.signal(signal.SIGTERM, before)
    draining.end()
    draining._reloaded_at.value = 0.0


def wait_until_told(worker: SimpleNamespace) -> None:
    deadline = time.monotonic() + 10
    while not worker.times and time.monotonic() < deadline:
        time.sleep(0.01)


def test_the_worker_ends_when_the_moment_is_over(worker, monkeypatch):
    monkeypatch.setattr(draining, "SECONDS", 0.05)
    draining.drain_on_sigterm(worker)

    os.kill(os.getpid(), signal.SIGTERM)
    is_draining = draining.is_draining()
    wait_until_told(worker)

    assert (is_draining, worker.times) == (True, 1)


def test_an_old_worker_turns_nobody_away_while_new_ones_take_over(worker):
    draining.drain_on_sigterm(worker)
    draining.note_reload()

    os.kill(os.getpid(), signal.SIGTERM)

    assert (draining.is_draining(), worker.times) == (False, 1)
