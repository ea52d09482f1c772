"""A throw-away Callboard to measure on: its own durable PostgreSQL, Redis and web processes, all gone afterwards."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import replace

from benchmarks.preparation import Prepared
from webapp.cli import layouts, programs
from webapp.cli.layouts import ROOT, Layout
from webapp.cli.programs import Addresses
from webapp.embedded import ports
from webapp.embedded.testing import TestServers, start_test_servers
from webapp.supervisor.children import Child, Program
from webapp.supervisor.errors import StartError
from webapp.supervisor.logs import last_lines

HOST = "127.0.0.1"
SECONDS_TO_ANSWER = 60.0
# As in deploy/gunicorn.conf.py.
POOL_THREADS = {"prompts": "8", "ingest": "4", "ui": "4"}


class StageFailed(StartError):
    """The throw-away Callboard for the benchmark could not be started."""


class Stage:
    """Servers and processes that live as long as the `with` block."""

    servers: TestServers
    layout: Layout
    addresses: Addresses
    prepared: Prepared

    def __init__(self, *, web_processes: int = 1) -> None:
        self._web_processes = web_processes
        self._children: list[Child] = []

    def __enter__(self) -> Stage:
        self.servers = start_test_servers(is_durable=True)
        try:
            self._set()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _set(self) -> None:
        self.layout = Layout(self.servers.directory)
        layouts.make(self.layout)
        port = ports.any_free(HOST)
        self.addresses = Addresses(
            host=HOST,
            port=port,
            live_port=ports.any_free(HOST),
            database_url=self.servers.database_url,
            redis_url=self.servers.redis_url,
        )
        self.environ = self._environment()
        self.prepared = Prepared(**json.loads(self.run("benchmarks.preparation")))
        self.web = self.start(programs.web(self.layout, self.addresses, self.environ))
        _wait_for_answer(self.web, port)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.addresses.port}"

    @property
    def postgres(self) -> Child:
        return self.servers.children[0]

    def start(self, program: Program) -> Child:
        """Start a process that ends with the stage."""
        child = Child(program)
        self._children.append(child)
        return child

    def run(self, module: str, *arguments: str) -> str:
        """Run a module of ours to its end beside the servers and return what it printed last."""
        answer = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            reason = answer.stderr.strip().rpartition("\n")[2] or f"exit code {answer.returncode}"
            raise StageFailed(f"{module} failed: {reason}")
        return answer.stdout.strip().rpartition("\n")[2]

    def start_pool(self, name: str) -> int:
        """Start another web process, with the threads of that pool, as behind the proxy of a server; return its port."""
        addresses = replace(self.addresses, port=ports.any_free(HOST))
        pool = {"CALLBOARD_POOL": name, "CALLBOARD_WEB_THREADS": POOL_THREADS[name]}
        program = programs.web(self.layout, addresses, {**self.environ, **pool})
        _wait_for_answer(self.start(program), addresses.port)
        return addresses.port

    def start_live(self) -> Child:
        """Start the process that tells applications about changes, and return when it answers."""
        live = self.start(programs.live(self.layout, self.addresses, self.environ))
        _wait_for_answer(live, self.addresses.live_port, path="/livez")
        return live

    def stop(self) -> None:
        """End every process and delete every file; safe to call twice."""
        while self._children:
            self._children.pop().end()
        self.servers.stop()

    def _environment(self) -> dict[str, str]:
        # Settings of an installation on this machine must not change what is measured.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD_")}
        inherited = programs.environment(self.layout, self.addresses, secret_key=secrets.token_hex(32))
        return (
            ours
            | {name: value for name, value in inherited.items() if name not in os.environ}
            | {
                "DJANGO_SETTINGS_MODULE": "webapp.settings",
                "DATABASE_URL": self.addresses.database_url,
                "REDIS_URL": self.addresses.redis_url,
                "CALLBOARD_URL": self.url,
                "CALLBOARD_LIVE_URL": f"http://{HOST}:{self.addresses.live_port}",
                "CALLBOARD_SECRET_KEY": secrets.token_hex(32),
                "CALLBOARD_MASTER_KEY": secrets.token_hex(32),
                "CALLBOARD_DATA_DIR": str(self.layout.directory),
                "CALLBOARD_PLAIN_STATIC": "1",
                "CALLBOARD_LOG_LEVEL": "WARNING",
                "CALLBOARD_WEB_WORKERS": str(self._web_processes),
            }
        )


def _wait_for_answer(web: Child, port: int, *, path: str = "/readyz") -> None:
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while not is_ready(port, path=path):
        if web.exit_code is not None or time.monotonic() > deadline:
            log = web.program.log
            raise StageFailed(f"A process does not answer. The end of its log:\n{last_lines(log)}")
        time.sleep(0.05)


def is_ready(port: int, *, path: str = "/readyz") -> bool:
    """Tell whether a process on this machine can serve."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
