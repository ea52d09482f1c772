"""Turns DATABASE_URL into Django's database settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from webapp.database_waits import ImpatientConnection


def django_database(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the default database for this process.

    `CALLBOARD_DB_POOL` (a number) makes the web process keep that many connections and refuse to wait longer
    than a second for one, nor for ever for an answer; `CALLBOARD_STATEMENT_TIMEOUT_MS` bounds every statement (0: no bound).
    """
    url = urlsplit(environ.get("DATABASE_URL", "postgresql:///callboard"))
    query = dict(parse_qsl(url.query))
    options: dict[str, Any] = {
        "connect_timeout": 2,
        "tcp_user_timeout": 10_000,
        "application_name": environ.get("CALLBOARD_PROCESS", "callboard"),
        "options": _session_options(environ),
    }
    if sslmode := query.get("sslmode"):
        options["sslmode"] = sslmode
    pool_size = int(environ.get("CALLBOARD_DB_POOL", "0"))
    if pool_size:
        options["pool"] = {
            "min_size": 1, "max_size": pool_size, "timeout": 1.0, "max_idle": 120.0, "connection_class": ImpatientConnection,
        }  # fmt: skip
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")) or "callboard",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.get("host") or unquote(url.hostname or ""),
        "PORT": str(query.get("port") or url.port or ""),
        "CONN_MAX_AGE": 0 if pool_size else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _session_options(environ: Mapping[str, str]) -> str:
    statement_timeout = int(environ.get("CALLBOARD_STATEMENT_TIMEOUT_MS", "0"))
    return f"-c lock_timeout=2000 -c idle_in_transaction_session_timeout=15000 -c statement_timeout={statement_timeout} -c jit=off"
