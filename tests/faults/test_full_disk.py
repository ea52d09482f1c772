"""When PostgreSQL finds no room for more, calls are refused and kept by their senders, and prompts are served."""

from __future__ import annotations

import pytest

from benchmarks.traffic import Traffic
from tests.faults.conftest import Record
from tests.faults.installation import Installation, wait_until
from tests.faults.ledger import Ledger

pytestmark = pytest.mark.faults

MEGABYTE = 1024 * 1024
# More than a segment of the write-ahead log, or PostgreSQL would stop altogether.
LARGEST_FILE = 18 * MEGABYTE
MOST_REQUESTS = 60


def test_a_full_disk_refuses_calls_loses_none_and_leaves_prompts_served(
    installation: Installation, ledger: Ledger, record: Record
) -> None:
    installation.wait_until_ready()
    request = Traffic().request(512)
    with installation.full_disk(largest_file=LARGEST_FILE):
        answers = []
        while len(answers) < MOST_REQUESTS and set(answers) <= {200}:
            request.renew()
            answers.append(installation.send(ledger, request)[0])
        fetched = [installation.fetch_prompt() for _ in range(5)]

    record(f"full disk: {answers.count(200)} requests accepted, then {answers[-1]}; prompts {set(fetched)}")
    assert answers[-1] == 503
    assert set(fetched) == {200}
    wait_until(lambda: installation.send(ledger, request)[0] == 200, seconds=10)
    installation.audit(ledger)
