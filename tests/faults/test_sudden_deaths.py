"""Any process may be killed at any moment: what was acknowledged is stored, once, and counted."""

from __future__ import annotations

import os
import random
import time
from itertools import chain

import psycopg
import pytest

from tests.faults.conftest import Record
from tests.faults.installation import BEAT, CAST, LIVE, POSTGRES, REDIS, WORKER, Installation
from tests.faults.ledger import Ledger
from tests.faults.replay import Replay

# The more often a process died lately, the longer the supervisor waits before it starts it again: 30 seconds at most.
SECONDS_TO_COME_BACK = 60.0


def kill_at_random(
    installation: Installation, ledger: Ledger, record: Record, *, kills: int, longest_pause: float, seed: int
) -> None:
    """Kill processes under load at random moments, every third time two at once, each of them equally often."""
    rolls = random.Random(seed)
    rounds = (rolls.sample(CAST, len(CAST)) for _ in range(kills))
    victims = list(chain.from_iterable(rounds))[:kills]
    done = pairs = turn = 0
    installation.wait_until_ready()
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(90)
        while victims:
            time.sleep(rolls.uniform(0, longest_pause))
            together = 2 if turn % 3 == 0 and len(set(victims[:2])) == 2 else 1
            killed = {name: installation.kill(name) for name in victims[:together]}
            del victims[:together]
            done += len(killed)
            pairs += len(killed) == 2
            turn += 1
            for name, pid in killed.items():
                installation.wait_for_another(name, than=pid, seconds=SECONDS_TO_COME_BACK)
        replay.wait_for_acks(90, seconds=SECONDS_TO_COME_BACK)
        job = installation.ask_for_a_job()
    installation.wait_for_job(job)
    verdict = installation.audit(ledger)
    record(
        f"{done} kills, {pairs} times two at once (seed {seed}): {verdict}; "
        f"{replay.unanswered} requests not answered, slowest answer {replay.slowest:.2f} s"
    )
    assert replay.given_up == 0
    assert replay.refusals <= {503}


@pytest.mark.faults
def test_no_acknowledged_span_is_lost_when_processes_are_killed_at_random_moments(
    installation: Installation, ledger: Ledger, record: Record, seed: int
) -> None:
    kill_at_random(installation, ledger, record, kills=5, longest_pause=0.8, seed=seed)


@pytest.mark.long_faults
def test_no_acknowledged_span_is_lost_in_twenty_kills_at_random_moments(
    installation: Installation, ledger: Ledger, record: Record, seed: int
) -> None:
    kill_at_random(installation, ledger, record, kills=20, longest_pause=6.0, seed=seed)


@pytest.mark.faults
def test_ingest_does_not_notice_that_the_processes_beside_it_are_killed(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(100)
        killed = {name: installation.kill(name) for name in (REDIS, WORKER, BEAT, LIVE)}
        for name, pid in killed.items():
            installation.wait_for_another(name, than=pid)
        replay.wait_for_acks(100)

    assert (replay.unanswered, replay.refusals) == (0, set())
    installation.audit(ledger)


@pytest.mark.faults
def test_an_opinion_and_a_prompt_that_were_accepted_outlive_the_database_server(installation: Installation) -> None:
    installation.wait_until_ready()
    trace_id = os.urandom(16).hex()
    opinion = {
        "trace_id": trace_id,
        "name": "thumbs",
        "data_type": "thumbs",
        "value": 0,
        "user_id": "u",
        "source": "user",
    }
    prompt = {"name": f"faults/{trace_id}", "type": "text", "text": "Answer {{question}}.", "note": "Saved just before"}

    said = installation.post_json("/api/v1/feedback", {"items": [opinion]})
    saved = installation.post_json("/api/v1/prompts", prompt)
    killed = installation.kill(POSTGRES)
    installation.wait_for_another(POSTGRES, than=killed)
    installation.wait_until_ready()

    assert (said, saved) == (200, 201)
    with psycopg.connect(installation.running.database_url) as connection:
        scores = connection.execute("SELECT value FROM score WHERE trace_id = %s", [trace_id]).fetchall()
        texts = connection.execute("SELECT note FROM prompt_version WHERE note = %s", [prompt["note"]]).fetchall()
    assert (scores, texts) == ([(0.0,)], [(prompt["note"],)])
