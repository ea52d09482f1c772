"""The embedded Redis: on this machine's loopback only, with a password, and it never throws a message away."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.embedded import binaries, ports, secrets
from webapp.embedded.errors import EmbeddedServerFailed
from webapp.supervisor.children import Child, Program
from webapp.supervisor.logs import last_lines

SECONDS_TO_START = 30.0

# Paths stay out of the file (the server starts inside its directory), so no path needs quoting.
CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
daemonize no
dir .
appendonly yes
appendfsync everysec
save ""
maxmemory 192mb
maxmemory-policy noeviction
databases 4
tcp-keepalive 60
loglevel notice
"""


@dataclass(frozen=True)
class Broker:
    """The embedded Redis and how it is reached."""

    directory: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def prepare(data_dir: Path) -> Broker:
    """Return the Redis of this data directory, on a port that is free now."""
    directory = data_dir / "redis"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    broker = Broker(
        directory=directory, port=ports.any_free(), password=secrets.keep(data_dir / "secrets" / "redis.password")
    )
    secrets.write_private(directory / "redis.conf", CONFIGURATION.format(port=broker.port, password=broker.password))
    return broker


def program(broker: Broker, *, log: Path) -> Program:
    """Return how to run the server."""
    return Program(
        name="Redis",
        argv=(str(binaries.redis_server()), "redis.conf"),
        directory=broker.directory,
        log=log,
        is_server=True,
        environ={"LC_ALL": "C", "TZ": "UTC"},
        stop_seconds=15.0,
    )


def wait_until_ready(broker: Broker, child: Child) -> None:
    """Return when the server answers; raise with its own words when it ends instead."""
    deadline = time.monotonic() + SECONDS_TO_START
    with redis.Redis.from_url(broker.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as connection:
        while True:
            try:
                connection.ping()
            except (redis.ConnectionError, redis.TimeoutError) as error:
                if child.exit_code is not None or time.monotonic() > deadline:
                    raise EmbeddedServerFailed(
                        f"Redis did not start: {last_lines(child.program.log, count=1)}"
                    ) from error
                time.sleep(0.03)
            else:
                return
