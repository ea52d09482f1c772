"""A worker that dies after it sent an event and before it knew the answer: the event is sent again, and the log says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.installation import Installation, wait_until
from tests.projects.fake_receiver import FakeReceiver, receiving

FIRST, SECOND = "faults-webhook-first", "faults-webhook-second"
APP = "tests.faults.webhook_job"
SECONDS_TO_START = 40.0
ENDPOINT = """
    INSERT INTO webhook_endpoint (project_id, name, url, format, events, is_enabled, disabled_because)
    VALUES (%s, 'bot', %s, 'slack', '{prompt:published}', true, '') RETURNING id
"""
DELIVERY = """
    INSERT INTO webhook_delivery (project_id, endpoint_id, event_id, event, payload, state, tries)
    VALUES (%s, %s, gen_random_uuid(), 'webhook:test',
            '{"type": "webhook:test", "project": {"name": "Faults"}, "data": {"message": "Hello."}}', 'waiting', 0)
    RETURNING id
"""
JOB = """
    INSERT INTO job (kind, dedupe_key, payload, state, run_at, attempts, max_attempts, last_error, created_at)
    VALUES ('faults.webhook', %s, json_build_object('delivery', %s::bigint), 'ready', now(), 0, 5, '', now()) RETURNING id
"""


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with receiving(FakeReceiver(script=["silence", 200])) as receiver:
        yield receiver


def write_down(installation: Installation, receiver: FakeReceiver) -> tuple[int, int]:
    """Write an event down as a publish does, and return the numbers of its delivery and its job."""
    project = installation.prepared.project_id
    ((endpoint,),) = installation.ask(ENDPOINT, project, receiver.url)
    ((delivery,),) = installation.ask(DELIVERY, project, endpoint)
    ((job,),) = installation.ask(JOB, os.urandom(8).hex(), delivery)
    return delivery, job


@pytest.mark.faults
def test_a_worker_killed_between_sending_and_settling_sends_again_and_the_log_shows_both_tries(
    installation: Installation, tmp_path: Path, receiver: FakeReceiver
) -> None:
    installation.wait_until_ready()
    delivery, job = write_down(installation, receiver)

    with installation.another_worker(FIRST, evidence=tmp_path / "evidence", app=APP) as first:
        installation.ring(FIRST)
        wait_until(lambda: len(receiver.requests) == 1, seconds=SECONDS_TO_START)
        os.kill(first.pid, signal.SIGKILL)
    installation.ask("UPDATE job SET lease_until = now() - interval '1 second' WHERE id = %s", job)
    with installation.another_worker(SECOND, evidence=tmp_path / "evidence", app=APP):
        installation.ring(SECOND)
        installation.wait_for_job(job, seconds=SECONDS_TO_START)

    assert [body for _, _, body in receiver.requests] == [receiver.requests[0][2]] * 2
    query = "SELECT number, status, error <> '' FROM webhook_attempt WHERE delivery_id = %s ORDER BY number"
    assert installation.ask(query, delivery) == [(1, None, True), (2, 200, False)]
    assert installation.ask("SELECT state FROM webhook_delivery WHERE id = %s", delivery) == [("delivered",)]
