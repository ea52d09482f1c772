"""What `callboard server-check` says about the disk and the canary."""

from __future__ import annotations

import pytest
from django.db import connection

from webapp import disk
from webapp.system import checks
from webapp.system.checks import Status

GIGABYTE = 1024**3


def run(age: str, *, finished: bool = True, error: str = "") -> None:
    """Store a canary of some time ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO canary_run (due_at, started_at, finished_at, error) SELECT at, at, CASE WHEN %s THEN at END, %s "
            "FROM (SELECT now() - %s::interval AS at) moment",
            [finished, error, age],
        )


@pytest.mark.django_db
def test_a_canary_that_never_ran_is_a_warning():
    assert checks.whole_way().status is Status.WARNING


@pytest.mark.django_db
def test_a_fresh_canary_is_fine():
    run("40 seconds")

    assert checks.whole_way().status is Status.OK
    assert "40 s ago" in checks.whole_way().detail


@pytest.mark.django_db
def test_an_old_canary_is_a_warning_with_what_stopped_it():
    run("20 minutes")
    run("10 seconds", finished=False, error="/v1/traces answered 503: busy")

    found = checks.whole_way()

    assert found.status is Status.WARNING
    assert "for 20 min" in found.detail
    assert "answered 503" in found.detail


@pytest.mark.parametrize(
    ("gigabytes", "status", "words"),
    [
        (50, Status.OK, "below 5 %"),
        (9, Status.WARNING, "below 5 %"),
        (4, Status.FAILED, "new calls are refused until"),
        (1, Status.FAILED, "nothing can be changed"),
    ],
)
def test_the_fuller_the_disk_the_worse(monkeypatch, gigabytes, status, words):
    space = disk.Space(total=100 * GIGABYTE, free=gigabytes * GIGABYTE)
    monkeypatch.setattr(disk.guard, "read", lambda: space)

    found = checks.disk()

    assert found.status is status
    assert words in found.detail
