"""The checks of `callboard server-check` and of the page System; each returns what it found in words."""

from __future__ import annotations

import os
import platform
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import django
import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from monitoring import canary
from webapp import disk as room
from webapp import formats

DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")
OLDEST_POSTGRES = 150_000


class Status(Enum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    status: Status
    detail: str

    def as_facts(self) -> dict[str, str]:
        return {"name": self.name, "status": self.status.value.lower(), "detail": self.detail}


def run_all() -> list[Finding]:
    """Return what every check found; checks that need the database are left out when it cannot be reached."""
    return [*run_here(), pages()]


def run_here() -> list[Finding]:
    """Return what the checks found that need no web process."""
    findings = [versions(), database()]
    if findings[-1].status is Status.OK:
        findings += [_guarded(check) for check in (vectors, migrations, durability, connections, whole_way)]
    return [*findings, broker(), disk(), secrets()]


def versions() -> Finding:
    return Finding("Versions", Status.OK, f"Python {platform.python_version()}, Django {django.get_version()}")


def database() -> Finding:
    try:
        [version] = _row("SELECT current_setting('server_version_num')::int")
    except Error as error:
        return Finding("Database", Status.FAILED, f"cannot be reached: {str(error).strip().splitlines()[0]}")
    if version < OLDEST_POSTGRES:
        return Finding(
            "Database", Status.FAILED, f"PostgreSQL {version // 10_000} is too old; Callboard needs 15 or newer"
        )
    return Finding("Database", Status.OK, f"PostgreSQL {version // 10_000}.{version % 10_000}")


def vectors() -> Finding:
    [version] = _row("SELECT max(extversion) FROM pg_extension WHERE extname = 'vector'")
    if version is None:
        return Finding(
            "Vectors", Status.FAILED, "the extension pgvector is missing; as a superuser run CREATE EXTENSION vector"
        )
    return Finding("Vectors", Status.OK, f"pgvector {version}")


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        return Finding("Tables", Status.FAILED, f"{len(pending)} migrations are missing; run `callboard migrate`")
    return Finding("Tables", Status.OK, "are those of this version")


def durability() -> Finding:
    wrong = [name for name in DURABILITY if _row("SELECT current_setting(%s)", name)[0] != "on"]
    if wrong:
        return Finding(
            "Durability", Status.FAILED, f"{', '.join(wrong)} must be on, or a power cut loses accepted calls"
        )
    return Finding("Durability", Status.OK, "what was accepted survives a power cut")


def connections() -> Finding:
    limit, used = _row("SELECT current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity)")
    status = Status.WARNING if used > 0.8 * limit else Status.OK
    return Finding("Connections", status, f"{used} of {limit} are in use")


def broker() -> Finding:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3) as client:
            policy = client.info("memory").get("maxmemory_policy", "unknown")
            version = client.info("server").get("redis_version", "unknown")
    except redis.RedisError as error:
        return Finding(
            "Redis", Status.WARNING, f"cannot be reached, so background work starts up to 30 s late: {error}"
        )
    if policy != "noeviction":
        return Finding(
            "Redis",
            Status.FAILED,
            f"maxmemory-policy is {policy} and must be noeviction, or waiting work is thrown away",
        )
    return Finding("Redis", Status.OK, f"version {version}, noeviction")


def whole_way() -> Finding:
    """The canary: did a call go the whole way within the last minutes."""
    found = canary.state()
    if found.word is canary.Word.NEVER_RAN:
        return Finding("Canary", Status.WARNING, "no call went the whole way yet; it starts with the worker")
    if found.word is canary.Word.WELL:
        return Finding("Canary", Status.OK, f"a call went the whole way {found.age_seconds} s ago")
    since = f"for {formats.duration_seconds(found.age_seconds)}" if found.age_seconds is not None else "ever"
    error = found.last_run.error if found.last_run and found.last_run.error else "do the worker and beat run?"
    return Finding("Canary", Status.WARNING, f"no call went the whole way {since}: {error}")


def disk() -> Finding:
    guard = room.guard
    status = {room.Tier.FINE: Status.OK, room.Tier.LOW: Status.WARNING}.get(guard.tier, Status.FAILED)
    effect = {
        room.Tier.NO_INGEST: "new calls are refused until there is more",
        room.Tier.READ_ONLY: "nothing can be changed until there is more",
    }.get(guard.tier, "below 5 % new calls are refused")
    return Finding("Disk", status, f"{guard.in_words()}; {effect}")


def secrets() -> Finding:
    if os.environ.get("CALLBOARD_MASTER_KEY"):
        return Finding("Master key", Status.OK, "comes from the environment")
    path = Path(settings.MASTER_KEY_FILE)
    if not path.exists():
        return Finding(
            "Master key", Status.FAILED, f"{path} is missing; stored provider keys cannot be read without it"
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("Master key", Status.FAILED, f"other accounts can read {path}; run chmod 600 on it")
    return Finding("Master key", Status.OK, f"{path}; keep a copy outside this machine")


def pages() -> Finding:
    address = f"{settings.PUBLIC_URL}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - the configured address of this installation
            return Finding("Pages", Status.OK, f"{settings.PUBLIC_URL} answers {answer.status}")
    except urllib.error.HTTPError as error:
        return Finding(
            "Pages", Status.FAILED, f"{address} answers {error.code}: {error.read(300).decode(errors='replace')}"
        )
    except (urllib.error.URLError, OSError) as error:
        return Finding("Pages", Status.WARNING, f"{address} does not answer: {error}")


def _guarded(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Error as error:
        return Finding(check.__name__.capitalize(), Status.FAILED, str(error).strip().splitlines()[0])


def _row(statement: str, *values: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
