"""Callboard served as `callboard up` serves it: gunicorn, compressed static files with hashed names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from webapp.cli import layouts, programs
from webapp.cli.layouts import Layout
from webapp.cli.programs import Addresses
from webapp.embedded import ports
from webapp.supervisor.children import Child

_COLLECT = "import django; django.setup(); from webapp.cli.preparation import collect_static_files as go; go()"


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Serve the test database and yield the address."""
    url, web = start(directory)
    try:
        yield url
    finally:
        web.ask_to_stop()
        web.wait_or_end()


def start(directory: Path, port: int = 0) -> tuple[str, Child]:
    """Start serving the test database, with `port` at the address it had before, and return that and the server."""
    layout = Layout(directory)
    layouts.make(layout)
    port = port or ports.any_free()
    addresses = Addresses("127.0.0.1", port, port, _database_url(), os.environ["REDIS_URL"])
    environ = programs.environment(layout, addresses, secret_key=os.environ["CALLBOARD_SECRET_KEY"])
    url = addresses.here(port)
    environ |= {"CALLBOARD_URL": url, "CALLBOARD_PLAIN_STATIC": "0"}
    subprocess.run([sys.executable, "-c", _COLLECT], env=environ, cwd=layouts.ROOT, check=True, timeout=60)
    web = Child(programs.web(layout, addresses, environ))
    try:
        _wait_until_ready(f"{url}/livez", layout.log("web"))
    except BaseException:
        web.ask_to_stop()
        web.wait_or_end()
        raise
    return url, web


def kill(web: Child, url: str) -> None:
    """End a server without a word, and wait until nobody answers at its address."""
    os.kill(web.pid, signal.SIGKILL)
    web.wait_or_end()
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{url}/livez", timeout=5).close()
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError("The server goes on answering.")


def _database_url() -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def _wait_until_ready(url: str, log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))
