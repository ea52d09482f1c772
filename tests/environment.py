"""A pytest plugin: one throw-away PostgreSQL and Redis for the whole run, started before Django reads its settings."""

from __future__ import annotations

import os

import pytest

from webapp.embedded.testing import start_test_servers

IS_CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ
if IS_CONTROLLER:
    _servers = start_test_servers()
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = _servers.database_url, _servers.redis_url
    os.environ["CALLBOARD_DATA_DIR"] = str(_servers.directory)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ["CALLBOARD_SECRET_KEY"] = "only-for-tests-only-for-tests-only-for-tests-0123"
os.environ["CALLBOARD_MASTER_KEY"] = "00" * 32
os.environ["CALLBOARD_PLAIN_STATIC"] = "1"
os.environ["CALLBOARD_URL"] = "http://testserver"


def pytest_unconfigure(config: pytest.Config) -> None:
    if IS_CONTROLLER:
        _servers.stop()
