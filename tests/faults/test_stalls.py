"""Whatever the database does, an ingest request is answered within eight seconds."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from benchmarks.traffic import Traffic
from tests.faults.installation import POSTGRES, Installation, wait_until
from tests.faults.replay import Ledger, audit, ids_in

pytestmark = pytest.mark.faults

CEILING = 8.0


@contextmanager
def held_still(pid: int) -> Iterator[None]:
    """Stop a process and all its descendants in the block, as a machine that swaps or a disk that hangs would."""
    family = [pid, *descendants(pid)]
    for member in family:
        os.kill(member, signal.SIGSTOP)
    try:
        yield
    finally:
        for member in reversed(family):
            os.kill(member, signal.SIGCONT)


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
            below = [int(child) for child in children.read().split()]
        found += below
        waiting += below
    return found


def send(installation: Installation, ledger: Ledger) -> tuple[int, float, dict[str, str]]:
    """Send one batch; return the status, the seconds it took and the headers."""
    body = bytes(Traffic().request(9).renew())
    ledger.send(ids_in(body))
    began = time.monotonic()
    status, headers, _ = installation.post_traces(body)
    took = time.monotonic() - began
    if status == 200:
        ledger.acknowledge(ids_in(body))
    return status, took, headers


def recovers(installation: Installation, ledger: Ledger) -> None:
    wait_until(lambda: send(installation, ledger)[0] == 200, seconds=30)
    audit(installation, ledger)


def test_a_database_that_stands_still_is_answered_within_the_ceiling(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    send(installation, ledger)

    with held_still(installation.pids()[POSTGRES]):
        answers = [send(installation, ledger) for _ in range(2)]
        began = time.monotonic()
        ready = installation.status("/readyz")
        seconds = time.monotonic() - began

    assert [status for status, _, _ in answers] == [503, 503]
    assert all(1 <= int(headers["retry-after"]) <= 5 for _, _, headers in answers)
    assert max(took for _, took, _ in answers) < CEILING
    assert (ready, seconds < CEILING) == (503, True)
    recovers(installation, ledger)


def test_a_table_that_somebody_holds_is_answered_within_the_ceiling(installation: Installation, ledger: Ledger) -> None:
    installation.wait_until_ready()
    send(installation, ledger)

    with psycopg.connect(installation.running.database_url) as holder:
        holder.execute("LOCK TABLE trace IN ACCESS EXCLUSIVE MODE")
        status, took, headers = send(installation, ledger)
        holder.rollback()

    assert (status, 1 <= int(headers["retry-after"]) <= 5) == (503, True)
    assert took < CEILING
    recovers(installation, ledger)


def test_more_senders_than_places_are_answered_within_the_ceiling(installation: Installation, ledger: Ledger) -> None:
    installation.wait_until_ready()
    answers: list[tuple[int, float, dict[str, str]]] = []

    with psycopg.connect(installation.running.database_url) as holder:
        holder.execute("LOCK TABLE trace IN ACCESS EXCLUSIVE MODE")
        threads = [
            threading.Thread(target=lambda: answers.append(send(installation, ledger))) for _ in range(14)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holder.rollback()

    assert {status for status, _, _ in answers} == {503}
    assert max(took for _, took, _ in answers) < CEILING
    recovers(installation, ledger)
