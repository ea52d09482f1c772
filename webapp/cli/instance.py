"""Finds the Callboard that runs from a data directory, so that other commands can reach its database."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from webapp.cli.layouts import Layout, locate
from webapp.embedded import secrets
from webapp.supervisor import processes
from webapp.supervisor.errors import StartError


class NotRunning(StartError):
    """Callboard is not running.

    Start it with `callboard up`, or set DATABASE_URL to the database of your installation.
    """


@dataclass(frozen=True)
class Instance:
    """A running Callboard: its addresses and its supervising process."""

    url: str
    live_url: str
    database_url: str
    redis_url: str
    pid: int
    mark: str

    @property
    def is_running(self) -> bool:
        return processes.is_the_same(self.pid, self.mark)


def announce(layout: Layout, *, url: str, live_url: str, database_url: str, redis_url: str) -> None:
    """Write down how to reach this Callboard, for its owner only."""
    pid = os.getpid()
    instance = Instance(url, live_url, database_url, redis_url, pid=pid, mark=processes.started_at(pid))
    secrets.write_private(layout.connection, json.dumps(asdict(instance), indent=1))


def withdraw(layout: Layout) -> None:
    """Forget how this Callboard was reached."""
    layout.connection.unlink(missing_ok=True)


def running(layout: Layout) -> Instance | None:
    """Return the Callboard that runs from this data directory, if one does."""
    try:
        instance = Instance(**json.loads(layout.connection.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return instance if instance.is_running else None


def secret_key(layout: Layout) -> str:
    """Return the key that signs sessions, made on first use."""
    return os.environ.get("CALLBOARD_SECRET_KEY") or secrets.keep(layout.secrets / "secret.key")


def connect(data_dir: str | None = None) -> None:
    """Set up Django for a command: with the given environment, else with the Callboard that runs here."""
    adopt(data_dir)
    if not os.environ.get("DATABASE_URL"):
        raise NotRunning
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("CALLBOARD_LOG_LEVEL", "WARNING")
    os.environ.setdefault("CALLBOARD_PROCESS", "cli")
    import django

    django.setup()


def adopt(data_dir: str | None = None) -> None:
    """Fill the environment from the Callboard that runs here, where it is not filled already."""
    layout = locate(data_dir)
    instance = None if os.environ.get("DATABASE_URL") else running(layout)
    if instance is None:
        return
    os.environ["DATABASE_URL"] = instance.database_url
    os.environ.setdefault("REDIS_URL", instance.redis_url)
    os.environ.setdefault("CALLBOARD_URL", instance.url)
    os.environ.setdefault("CALLBOARD_LIVE_URL", instance.live_url)
    os.environ.setdefault("CALLBOARD_DATA_DIR", str(layout.directory))
    os.environ.setdefault("CALLBOARD_SECRET_KEY", secret_key(layout))
