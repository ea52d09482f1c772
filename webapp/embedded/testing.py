"""Throw-away PostgreSQL and Redis for test runs; they live in the temporary directory and never touch anyone's data."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from webapp.embedded import accounts, postgres, redis
from webapp.supervisor import processes
from webapp.supervisor.children import Child

PREFIX = "callboard-test-"
OWNER_FILE = "owner"


@dataclass
class TestServers:
    """The running servers of one test run."""

    __test__ = False  # not a test class

    database_url: str
    admin_database_url: str
    redis_url: str
    directory: Path
    children: list[Child] = field(default_factory=list)
    owner: int = field(default_factory=os.getpid)

    def stop(self) -> None:
        """Stop both servers and delete their files; safe to call twice, and from a forked copy of the owner."""
        if os.getpid() != self.owner:
            return
        for child in self.children:
            child.ask_to_stop()
        while self.children:
            self.children.pop().wait_or_end()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_test_servers(*, is_durable: bool = False) -> TestServers:
    """Start a fresh PostgreSQL (with vectors in every new database) and a fresh Redis; they end with this process."""
    forget_abandoned()
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    (directory / OWNER_FILE).write_text(f"{os.getpid()} {processes.started_at(os.getpid())}", encoding="utf-8")
    cluster = postgres.prepare(directory, log=directory / "postgres.log", identity=accounts.for_server())
    broker = redis.prepare(directory)
    servers = TestServers(
        database_url=cluster.url(), admin_database_url=cluster.admin_url, redis_url=broker.url, directory=directory
    )
    atexit.register(servers.stop)
    servers.children.append(Child(postgres.program(cluster, log=directory / "postgres.log", is_durable=is_durable)))
    servers.children.append(Child(redis.program(broker, log=directory / "redis.log")))
    postgres.wait_until_ready(cluster, servers.children[0])
    redis.wait_until_ready(broker, servers.children[1])
    postgres.ensure_database(cluster)
    return servers


def forget_abandoned() -> None:
    """Delete the files of test runs that were killed; their servers ended with them."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):
            pid, mark = (directory / OWNER_FILE).read_text(encoding="utf-8").split(" ", 1)
            if not processes.is_the_same(int(pid), mark):
                shutil.rmtree(directory, ignore_errors=True)


def run_beside_servers(argv: list[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL naming throw-away servers; return its exit code."""
    servers = start_test_servers()
    environ = {
        "CALLBOARD_SECRET_KEY": "only-for-throw-away-servers",
        "CALLBOARD_DATA_DIR": str(servers.directory),
        **os.environ,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
    }
    try:
        return subprocess.run(argv, env=environ, check=False).returncode
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(run_beside_servers(sys.argv[1:]))
