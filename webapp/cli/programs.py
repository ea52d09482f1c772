"""The programs that `callboard up` runs, and the environment they share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.cli.layouts import ROOT, Layout
from webapp.supervisor.children import Program
from workers.queues import QUEUES

WEB_THREADS = 16
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared


@dataclass(frozen=True)
class Addresses:
    """Where the processes listen and what they connect to."""

    host: str
    port: int
    live_port: int
    database_url: str
    redis_url: str

    def here(self, port: int) -> str:
        """Return the address of a port as this machine reaches it."""
        return f"http://{_bracketed(EVERYWHERE.get(self.host, self.host))}:{port}"

    @property
    def url(self) -> str:
        """The address people use."""
        return os.environ.get("CALLBOARD_URL", "").rstrip("/") or self.here(self.port)

    @property
    def live_url(self) -> str:
        """The address of the event streams."""
        return os.environ.get("CALLBOARD_LIVE_URL", "").rstrip("/") or self.here(self.live_port)


def environment(layout: Layout, addresses: Addresses, *, secret_key: str) -> dict[str, str]:
    """Return what every process of Callboard finds in its environment."""
    return {
        # Threads of NumPy and arenas of malloc cost memory in each of the five processes and gain nothing here.
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
        "CALLBOARD_SECRET_KEY": secret_key,
        "CALLBOARD_URL": addresses.url,
        "CALLBOARD_LIVE_URL": addresses.live_url,
        "CALLBOARD_CANARY_URL": os.environ.get("CALLBOARD_CANARY_URL") or addresses.here(addresses.port),
        "CALLBOARD_DATA_DIR": str(layout.directory),
        "PYTHONUNBUFFERED": "1",
    }


def web(layout: Layout, addresses: Addresses, environ: Mapping[str, str]) -> Program:
    """Pages and API: one gunicorn worker with threads."""
    extra = {
        "CALLBOARD_BIND": f"{_bracketed(addresses.host)}:{addresses.port}",
        "CALLBOARD_WEB_THREADS": environ.get("CALLBOARD_WEB_THREADS", str(WEB_THREADS)),
        "CALLBOARD_DB_POOL": environ.get("CALLBOARD_DB_POOL", "12"),
        "CALLBOARD_STATEMENT_TIMEOUT_MS": environ.get("CALLBOARD_STATEMENT_TIMEOUT_MS", "8000"),
    }
    argv = ["gunicorn", "--config", str(ROOT / "deploy" / "gunicorn.conf.py"), "webapp.wsgi:application"]
    return _program(layout, "web", argv, {**environ, **extra})


def live(layout: Layout, addresses: Addresses, environ: Mapping[str, str]) -> Program:
    """Event streams: one small asynchronous process."""
    argv = ["uvicorn", "webapp.live:application", "--host", addresses.host, "--port", str(addresses.live_port)]
    argv += ["--no-access-log", "--log-level", "warning", "--ws", "none", "--timeout-graceful-shutdown", "5"]
    return _program(layout, "live", argv, environ)


def worker(layout: Layout, environ: Mapping[str, str]) -> Program:
    """Background work of all queues: a parent and its working processes."""
    argv = ["celery", "--app", "workers.app", "worker", "--queues", ",".join(QUEUES), "--hostname", "worker@%h"]
    argv += ["--concurrency", environ.get("CALLBOARD_WORKER_PROCESSES", "4"), "--loglevel", "WARNING"]
    argv += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair"]
    # Slow jobs leave a process to the quick ones.
    environ = {"CALLBOARD_SLOW_JOBS": "2", **environ}
    # SIGTERM hands unfinished work back instead of waiting for it without limit.
    return _program(layout, "worker", argv, {**environ, "REMAP_SIGTERM": "SIGQUIT"})


def beat(layout: Layout, environ: Mapping[str, str]) -> Program:
    """The timetable."""
    argv = ["celery", "--app", "workers.clock", "beat", "--loglevel", "WARNING", "--pidfile", ""]
    argv += ["--schedule", str(layout.run / "timetable")]
    return _program(layout, "beat", argv, environ)


def backups(layout: Layout, environ: Mapping[str, str]) -> Program | None:
    """Daily backups, proved every week; none unless a place for them is named."""
    if not environ.get("CALLBOARD_BACKUP_DIR"):
        return None
    argv = ["callboard", "backup", "--every", environ.get("CALLBOARD_BACKUP_HOURS", "24")]
    return _program(layout, "backups", [*argv, "--to", environ["CALLBOARD_BACKUP_DIR"]], environ)


def demo_traffic(layout: Layout, addresses: Addresses, environ: Mapping[str, str]) -> Program:
    """A small application that asks the simulated model and reports to the demo project, as any application would."""
    extra = {
        "CALLBOARD_URL": addresses.here(addresses.port),
        "CALLBOARD_LIVE_URL": addresses.here(addresses.live_port),
        "CALLBOARD_API_KEY": (layout.secrets / "demo.key").read_text(encoding="ascii").strip(),
        "CALLBOARD_PROMPT_DIR": str(layout.run / "demo-prompts"),
    }
    return _program(layout, "demo-traffic", ["webapp.demo.live_traffic"], {**environ, **extra})


def preparation(*, with_demo: bool) -> list[str]:
    """Return the command line of the process that readies database, files and first account."""
    return [sys.executable, "-m", "webapp.cli.preparation", "--demo" if with_demo else "--no-demo"]


def _program(layout: Layout, name: str, argv: list[str], environ: Mapping[str, str]) -> Program:
    return Program(
        name=f"The {name} process",
        argv=(sys.executable, "-m", *argv),
        directory=Path(ROOT),
        log=layout.log(name),
        environ={**environ, "CALLBOARD_PROCESS": name},
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
