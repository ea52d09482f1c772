"""A worker that was stopped for longer than its lease finds its job done by another, and changes nothing any more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from projects.jobs import LEASE
from tests.faults.installation import Installation, stopped, wait_until

SLOW = "faults.slow"
FIRST, SECOND = "faults-first", "faults-second"
SECONDS_TO_START = 40.0
SECONDS_TO_WORK = 40.0


def check_that_the_zombie_is_fenced(installation: Installation, evidence: Path, *, is_lease_waited_for: bool) -> None:
    installation.wait_until_ready()
    evidence.touch()
    job = installation.ask_for_a_job(SLOW)
    with (
        installation.another_worker(FIRST, evidence=evidence) as first,
        installation.another_worker(SECOND, evidence=evidence),
    ):
        installation.ring(FIRST)
        wait_until(lambda: f"{job} {FIRST} began" in evidence.read_text(), seconds=SECONDS_TO_START)
        with stopped(first.pid):
            if is_lease_waited_for:
                time.sleep(LEASE.total_seconds() + 1)
            else:
                installation.ask("UPDATE job SET lease_until = now() - interval '1 second' WHERE id = %s", job)
            installation.ring(SECOND)
            installation.wait_for_job(job, seconds=SECONDS_TO_WORK)
            done = row(installation, job)
        wait_until(lambda: "taken over by another worker" in installation.log(FIRST).read_text(), seconds=20)

    assert row(installation, job) == done
    assert done[:2] == ("done", 2)
    steps = evidence.read_text().split("\n")
    assert f"{job} {SECOND} ended" in steps
    assert steps.index(f"{job} {SECOND} ended") < steps.index(f"{job} {FIRST} ended")


def row(installation: Installation, job: int) -> tuple[object, ...]:
    query = "SELECT state, attempts, lease_token, finished_at, last_error FROM job WHERE id = %s"
    return installation.ask(query, job)[0]


@pytest.mark.faults
def test_a_worker_stopped_beyond_its_lease_changes_nothing_when_it_goes_on(
    installation: Installation, tmp_path: Path
) -> None:
    check_that_the_zombie_is_fenced(installation, tmp_path / "evidence", is_lease_waited_for=False)


@pytest.mark.long_faults
def test_a_worker_stopped_for_the_whole_minute_of_its_lease_changes_nothing_when_it_goes_on(
    installation: Installation, tmp_path: Path
) -> None:
    check_that_the_zombie_is_fenced(installation, tmp_path / "evidence", is_lease_waited_for=True)
