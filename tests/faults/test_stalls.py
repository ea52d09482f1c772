"""Whatever the database does, an ingest request is answered within eight seconds."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from benchmarks.traffic import Traffic
from tests.faults.installation import Installation, wait_until
from tests.faults.ledger import Ledger

pytestmark = pytest.mark.faults

CEILING = 8.0


def send(installation: Installation, ledger: Ledger) -> tuple[int, float, dict[str, str]]:
    """Send one batch; return the status, the seconds it took and the headers."""
    request = Traffic().request(9)
    request.renew()
    began = time.monotonic()
    status, headers = installation.send(ledger, request)
    return status, time.monotonic() - began, headers


def recovers(installation: Installation, ledger: Ledger) -> None:
    wait_until(lambda: send(installation, ledger)[0] == 200, seconds=30)
    installation.audit(ledger)


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
