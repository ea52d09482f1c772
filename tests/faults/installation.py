"""A whole Callboard as people run it, `callboard up`, whose processes can be killed and held down."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.preparation import Prepared
from webapp.cli import instance
from webapp.cli.instance import Instance
from webapp.cli.layouts import ROOT, Layout
from webapp.embedded import ports
from webapp.supervisor import processes

POSTGRES, REDIS, WEB, WORKER = "PostgreSQL", "Redis", "The web process", "The worker process"
SECONDS_TO_START = 60.0
SECONDS_TO_COME_BACK = 25.0
HOST = "127.0.0.1"


class Installation:
    """`callboard up` without the demo, in a directory of its own."""

    running: Instance
    prepared: Prepared

    def __init__(self, directory: Path) -> None:
        self._layout = Layout(directory / "data")
        self.port = ports.any_free(HOST)
        kept = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        self._environ = {
            name: value for name, value in os.environ.items() if name not in kept and not name.startswith("CALLBOARD_")
        }
        self._output = (directory / "output").open("wb")

    def __enter__(self) -> Installation:
        argv = [sys.executable, "-m", "callboard", "up", "--no-demo", "--port", str(self.port)]
        self._up = subprocess.Popen(
            [*argv, "--data-dir", str(self._layout.directory)],
            cwd=ROOT,
            env=self._environ,
            stdout=self._output,
            stderr=self._output,
        )
        wait_until(
            lambda: instance.running(self._layout) is not None or self._up.poll() is not None, seconds=SECONDS_TO_START
        )
        running = instance.running(self._layout)
        assert running is not None, (
            self._layout.log("web").read_text() if self._layout.log("web").exists() else "no log"
        )
        self.running = running
        self.prepared = self._prepare()
        wait_until(lambda: WORKER in self.pids(), seconds=SECONDS_TO_START)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._up.send_signal(signal.SIGCONT)
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(60)
        finally:
            self._up.kill()
            self._up.wait()
            self._output.close()

    def pids(self) -> dict[str, int]:
        """Return the processes by the names that the supervisor gives them."""
        with suppress(OSError, ValueError):
            return {row["name"]: row["pid"] for row in json.loads(self._layout.record.read_text())}
        return {}

    def kill(self, name: str) -> int:
        """End a process and its group without a warning, and return its number."""
        pid = self.pids()[name]
        mark = processes.started_at(pid)
        os.kill(pid, signal.SIGKILL) if name == POSTGRES else os.killpg(pid, signal.SIGKILL)
        wait_until(lambda: not processes.is_the_same(pid, mark), seconds=5)
        return pid

    def wait_for_another(self, name: str, *, than: int) -> None:
        """Return when the supervisor has started the process again."""
        wait_until(lambda: self.pids().get(name, than) != than, seconds=SECONDS_TO_COME_BACK)

    def wait_until_ready(self) -> None:
        """Return when requests are answered and stored again."""
        wait_until(lambda: self.status("/readyz") == 200, seconds=SECONDS_TO_COME_BACK)

    @contextmanager
    def nothing_is_restarted(self) -> Iterator[None]:
        """Keep what is killed inside the block down until its end, by freezing the supervisor."""
        self._up.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._up.send_signal(signal.SIGCONT)

    def request(
        self, method: str, path: str, *, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer; raise OSError or HTTPException when there is none."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=15)
        try:
            connection.request(
                method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def status(self, path: str, **headers: str) -> int:
        """Return the status of a GET request, 0 when nobody answers."""
        try:
            return self.request("GET", path, **headers)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def post_traces(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send an OTLP request with the project's key."""
        headers = {"Authorization": f"Bearer {self.prepared.key}", "Content_Type": "application/x-protobuf"}
        return self.request("POST", "/v1/traces", body=body, **headers)

    def post_json(self, path: str, document: dict[str, Any]) -> int:
        """Send a document with the project's key and return the status."""
        headers = {"Authorization": f"Bearer {self.prepared.key}", "Content_Type": "application/json"}
        return self.request("POST", path, body=json.dumps(document).encode(), **headers)[0]

    def _prepare(self) -> Prepared:
        environ = self._environ | {
            "DATABASE_URL": self.running.database_url,
            "REDIS_URL": self.running.redis_url,
            "CALLBOARD_DATA_DIR": str(self._layout.directory),
            "CALLBOARD_URL": self.running.url,
            "CALLBOARD_SECRET_KEY": (self._layout.secrets / "secret.key").read_text().strip(),
            "CALLBOARD_LOG_LEVEL": "WARNING",
        }
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.preparation"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, check=True
        )
        return Prepared(**json.loads(answer.stdout))


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> None:
    """Return when it is so; fail when that takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it took more than {seconds:.0f} seconds"
        time.sleep(0.05)
