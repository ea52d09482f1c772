"""Workers as processes of their own, stopped wherever a test wants and killed there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from django.utils import timezone

from projects import jobs
from projects.models import Job, JobState
from webapp.cli.layouts import ROOT

_WORK = "import django; django.setup(); from workers import tasks; tasks.run_jobs('insight')"
_SECONDS = 90
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def database_url() -> str:
    """Return the address of the database of the tests."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def start_worker() -> subprocess.Popen[bytes]:
    """Start a worker that does what is ready and ends."""
    return subprocess.Popen([sys.executable, "-c", _WORK], env=os.environ | {"DATABASE_URL": database_url()}, cwd=ROOT)


def kill_when(is_time: Callable[[], bool]) -> None:
    """Start a worker, end it without a warning at some moment, and let its lease run out."""
    worker, deadline = start_worker(), time.monotonic() + _SECONDS
    try:
        while not is_time():
            assert worker.poll() is None, "it ended before the moment came"
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    jobs.sweep()
    Job.objects.update(run_at=timezone.now())


def kill_before(statement: str) -> None:
    """Kill a worker that waits for what this statement locks, and let the database go on as if it had only lost its client."""
    with held(statement):
        kill_when(_is_somebody_waiting)


def finish() -> None:
    """Let workers do whatever is left."""
    for _ in range(10):
        assert start_worker().wait(_SECONDS) == 0
        if not Job.objects.exclude(state=JobState.DONE).filter(run_at__lte=timezone.now()).exists():
            return


@contextmanager
def held(statement: str) -> Iterator[None]:
    """Hold what a statement locks, on a connection of its own."""
    with psycopg.connect(database_url()) as other:
        other.execute(statement)
        yield
        other.rollback()


def _is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return bool(cursor.fetchone()[0])
