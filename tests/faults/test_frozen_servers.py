"""A server that is stopped, not dead, keeps its connections open and says nothing; nobody may wait for it without end."""

from __future__ import annotations

import time

import pytest
import redis

from benchmarks.traffic import Traffic
from tests.faults.installation import CAST, POSTGRES, REDIS, WEB, Installation, wait_until
from tests.faults.ledger import Ledger
from tests.faults.replay import Replay

LONGEST_ANSWER = 8.0


@pytest.mark.faults
def test_a_frozen_postgresql_makes_ingest_ask_to_come_back_within_eight_seconds(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    request = Traffic().request(9)
    request.renew()
    web = installation.pids()[WEB]
    answers = []
    with installation.frozen(POSTGRES):
        for _ in range(2):
            began = time.monotonic()
            answers.append((installation.send(ledger, request)[0], time.monotonic() - began))
        began = time.monotonic()
        ready = installation.status("/readyz")
        seconds_to_ready = time.monotonic() - began
        alive = installation.status("/livez")

    assert [status for status, _ in answers] == [503, 503]
    assert max(seconds_to_ready, *(seconds for _, seconds in answers)) < LONGEST_ANSWER
    assert (ready, alive) == (503, 200)
    wait_until(lambda: installation.send(ledger, request)[0] == 200, seconds=10)
    assert installation.pids()[WEB] == web
    installation.audit(ledger)


@pytest.mark.faults
def test_ingest_and_work_go_on_when_redis_is_frozen(installation: Installation, ledger: Ledger) -> None:
    installation.wait_until_ready()
    with Replay(installation, ledger) as replay, installation.frozen(REDIS):
        job = installation.ask_for_a_job()
        replay.wait_for_acks(200)
        time.sleep(6)  # longer than the time that Celery waits for an answer of Redis

    installation.wait_for_job(job)
    assert (replay.unanswered, replay.refusals) == (0, set())
    installation.audit(ledger)


@pytest.mark.faults
def test_work_that_waits_is_not_forgotten_when_redis_is_emptied(installation: Installation, ledger: Ledger) -> None:
    installation.wait_until_ready()
    with Replay(installation, ledger) as replay:
        job = installation.ask_for_a_job()
        with redis.Redis.from_url(installation.running.redis_url) as broker:
            broker.flushall()
        installation.wait_for_job(job)

    assert (replay.unanswered, replay.refusals) == (0, set())
    installation.audit(ledger)


def restart_under_load(installation: Installation, ledger: Ledger, name: str) -> None:
    """All processes but the restarted one are the same afterwards, and they work."""
    installation.wait_until_ready()
    before = installation.pids()
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(100)
        installation.restart(name)
        job = installation.ask_for_a_job()
        installation.wait_for_job(job)
        replay.wait_for_acks(100)

    after = installation.pids()
    assert {one: after[one] for one in CAST if one != name} == {one: before[one] for one in CAST if one != name}
    assert replay.given_up == 0
    installation.audit(ledger)


@pytest.mark.faults
def test_every_process_finds_a_restarted_postgresql_by_itself(installation: Installation, ledger: Ledger) -> None:
    restart_under_load(installation, ledger, POSTGRES)


@pytest.mark.long_faults
def test_every_process_finds_a_restarted_redis_by_itself(installation: Installation, ledger: Ledger) -> None:
    restart_under_load(installation, ledger, REDIS)
