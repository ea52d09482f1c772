"""A whole Callboard as people run it, `callboard up`, whose processes can be killed and held down."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from celery import Celery

from benchmarks.preparation import PROMPTS, Prepared
from benchmarks.processes import with_children
from benchmarks.stage import POOL_THREADS
from benchmarks.traffic import Request
from tests.faults.ledger import Ledger, Verdict, audit, spans_in
from webapp.cli import instance, programs
from webapp.cli.instance import Instance
from webapp.cli.layouts import ROOT, Layout
from webapp.cli.programs import Addresses
from webapp.embedded import ports
from webapp.supervisor import processes
from webapp.supervisor.children import Child, Program

POSTGRES, REDIS = "PostgreSQL", "Redis"
WEB, LIVE, WORKER, BEAT = (f"The {name} process" for name in ("web", "live", "worker", "beat"))
CAST = (POSTGRES, REDIS, WEB, LIVE, WORKER, BEAT)
SECONDS_TO_START = 180.0
# After many deaths in a row the supervisor waits half a minute before it tries again.
SECONDS_TO_COME_BACK = 60.0
SECONDS_FOR_A_JOB = 35.0
SECONDS_FOR_AN_ANSWER = 15.0
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
        wait_until(lambda: BEAT in self.pids(), seconds=SECONDS_TO_START)
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

    def restart(self, name: str) -> None:
        """End a server as an upgrade of its package does, and return when it answers again."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGINT if name == POSTGRES else signal.SIGTERM)
        self.wait_for_another(name, than=pid)
        self.wait_until_ready()

    def wait_for_another(self, name: str, *, than: int, seconds: float = SECONDS_TO_COME_BACK) -> None:
        """Return when the supervisor has started the process again."""
        wait_until(lambda: self.pids().get(name, than) != than, seconds=seconds)

    def wait_until_ready(self) -> None:
        """Return when requests are answered and stored again."""
        wait_until(lambda: self.status("/readyz") == 200, seconds=SECONDS_TO_COME_BACK)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop the process and its children in the middle of what they do, and let them go on at the end of the block."""
        with stopped(self.pids()[name]):
            yield

    @contextmanager
    def nothing_is_restarted(self) -> Iterator[None]:
        """Keep what is killed inside the block down until its end, by freezing the supervisor."""
        self._up.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._up.send_signal(signal.SIGCONT)

    def ask_for_a_job(self, kind: str = "partitions.ensure") -> int:
        """Write down work as the web process does, and return its number; a tick of the timetable finds it."""
        with psycopg.connect(self.running.database_url) as connection:
            row = connection.execute(
                """
                INSERT INTO job (kind, dedupe_key, payload, state, run_at, attempts, max_attempts, last_error, created_at)
                VALUES (%s, %s, '{}', 'ready', now(), 0, 5, '', now()) RETURNING id
                """,
                [kind, f"faults {os.urandom(8).hex()}"],
            ).fetchone()
        assert row is not None
        return int(row[0])

    def ask(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Return what the database answers."""
        with psycopg.connect(self.running.database_url) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def ring(self, queue: str) -> None:
        """Tell the workers of a queue to look for work."""
        with Celery(broker=self.running.redis_url) as bell:
            bell.send_task("workers.tasks.run_jobs", queue=queue)

    def wait_for_job(self, job: int, *, seconds: float = SECONDS_FOR_A_JOB) -> None:
        """Return when the job is done."""

        def is_done() -> bool:
            return self.ask("SELECT state FROM job WHERE id = %s", job) == [("done",)]

        wait_until(is_done, seconds=seconds)

    def request(
        self, method: str, path: str, *, body: bytes | None = None, port: int = 0, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer; raise OSError or HTTPException when there is none."""
        connection = http.client.HTTPConnection(HOST, port or self.port, timeout=SECONDS_FOR_AN_ANSWER)
        try:
            connection.request(
                method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def status(self, path: str, *, port: int = 0, **headers: str) -> int:
        """Return the status of a GET request, 0 when nobody answers."""
        try:
            return self.request("GET", path, port=port, **headers)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def post_traces(self, body: bytes, *, port: int = 0) -> tuple[int, dict[str, str], bytes]:
        """Send an OTLP request with the project's key."""
        headers = {"Authorization": f"Bearer {self.prepared.key}", "Content_Type": "application/x-protobuf"}
        return self.request("POST", "/v1/traces", body=body, port=port, **headers)

    def send(self, ledger: Ledger, request: Request, *, port: int = 0) -> tuple[int, dict[str, str]]:
        """Send a request once, under the ids it has now, and note what came of it; status 0 means no answer."""
        spans = spans_in(request.body)
        ledger.send(spans)
        try:
            status, headers, _ = self.post_traces(bytes(request.body), port=port)
        except (OSError, http.client.HTTPException):
            return 0, {}
        if status == 200:
            ledger.acknowledge(spans)
        return status, headers

    def fetch_prompt(self, *, port: int = 0) -> int:
        """Return the status of a prompt fetch."""
        path = f"/api/v1/prompts/{quote(PROMPTS[0])}"
        return self.status(path, port=port, Authorization=f"Bearer {self.prepared.key}")

    def post_json(self, path: str, document: dict[str, Any], *, port: int = 0) -> int:
        """Send a document with the project's key and return the status, 0 when nobody answers."""
        headers = {"Authorization": f"Bearer {self.prepared.key}", "Content_Type": "application/json"}
        try:
            return self.request("POST", path, body=json.dumps(document).encode(), port=port, **headers)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def audit(self, ledger: Ledger) -> Verdict:
        """Return how the database compares with what was promised; fail when anything differs."""
        return audit(self.running.database_url, self.prepared.project_id, ledger)

    @contextmanager
    def another_web(self, *, database_url: str = "", redis_url: str = "", pool: str = "") -> Iterator[int]:
        """Run one more web process, with servers of its own or as one of the pools, and return its port."""
        port = ports.any_free(HOST)
        urls = (database_url or self.running.database_url, redis_url or self.running.redis_url)
        addresses = Addresses(HOST, port, self.port, *urls)
        environ = self._environment() | {"DATABASE_URL": urls[0], "REDIS_URL": urls[1]}
        if pool:
            environ |= {"CALLBOARD_POOL": pool, "CALLBOARD_WEB_WORKERS": "1"}
            environ["CALLBOARD_WEB_THREADS"] = environ["CALLBOARD_DB_POOL"] = POOL_THREADS[pool]
        child = Child(programs.web(self._layout, addresses, environ))
        try:
            wait_until(lambda: self.status("/readyz", port=port) == 200, seconds=SECONDS_TO_START)
            yield port
        finally:
            child.end()

    @contextmanager
    def another_worker(
        self, queue: str, *, evidence: Path, redis_url: str = "", app: str = "tests.faults.slow_job"
    ) -> Iterator[Child]:
        """Run one more worker, for one queue, that knows a job of the fault tests; its log is `<queue>.log`."""
        argv = ["celery", "--app", app, "worker", "--pool", "solo", "--queues", queue]
        argv += ["--hostname", f"{queue}@%h", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        environ = self._environment() | {"CALLBOARD_PROCESS": queue, "FAULTS_EVIDENCE": str(evidence)}
        environ["REDIS_URL"] = redis_url or self.running.redis_url
        child = Child(
            Program(queue, (sys.executable, "-m", *argv), directory=ROOT, log=self.log(queue), environ=environ)
        )
        try:
            yield child
        finally:
            child.end()

    @contextmanager
    def full_disk(self, *, largest_file: int) -> Iterator[None]:
        """Let no file of PostgreSQL grow beyond this size while the block runs, as if there were no room for more."""
        postgres = self.pids()[POSTGRES]
        _, hard = resource.prlimit(postgres, resource.RLIMIT_FSIZE)
        try:
            _limit_files(postgres, (largest_file, hard))
            yield
        finally:
            _limit_files(postgres, (resource.RLIM_INFINITY, hard))

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self._layout.log(name)

    def _environment(self) -> dict[str, str]:
        return self._environ | {
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "DATABASE_URL": self.running.database_url,
            "REDIS_URL": self.running.redis_url,
            "CALLBOARD_DATA_DIR": str(self._layout.directory),
            "CALLBOARD_URL": self.running.url,
            "CALLBOARD_SECRET_KEY": (self._layout.secrets / "secret.key").read_text().strip(),
            "CALLBOARD_LOG_LEVEL": "WARNING",
        }

    def _prepare(self) -> Prepared:
        argv = [sys.executable, "-m", "benchmarks.preparation"]
        answer = subprocess.run(argv, cwd=ROOT, env=self._environment(), stdout=subprocess.PIPE, check=True)
        return Prepared(**json.loads(answer.stdout))


def _limit_files(postgres: int, limits: tuple[int, int]) -> None:
    # The first one hands its limit on to the servers that it starts later.
    for pid in with_children([postgres]):
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Stop processes with all their children, parents first, and let them go on at the end of the block."""
    # The servers of PostgreSQL have process groups of their own, so a signal to the group would miss them.
    frozen: list[tuple[int, str]] = []
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        frozen += [(one, processes.started_at(one)) for one in with_children([pid])]
    for one, _ in frozen:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one, mark in frozen:
            if processes.is_the_same(one, mark):
                os.kill(one, signal.SIGCONT)


def flawed_url(url: str, port: int) -> str:
    """Return the address of a server as it is reached through a proxy on this port."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username or ''}:{parts.password}@{HOST}:{port}", query="").geturl()


def postgres_socket(url: str) -> Path:
    """Return the Unix socket that a database address names."""
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> None:
    """Return when it is so; fail when that takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it took more than {seconds:.0f} seconds"
        time.sleep(0.05)
