"""Any process may be killed at any moment: what was acknowledged is stored, once, and counted."""

from __future__ import annotations

import os

import psycopg
import pytest

from tests.faults.installation import POSTGRES, REDIS, WEB, WORKER, Installation
from tests.faults.ledger import Ledger
from tests.faults.replay import Replay

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("name", [WEB, POSTGRES])
def test_no_acknowledged_span_is_lost_when_a_process_in_its_way_is_killed(
    installation: Installation, ledger: Ledger, name: str
) -> None:
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(200)
        killed = installation.kill(name)
        installation.wait_for_another(name, than=killed)
        replay.wait_for_acks(200)

    assert replay.given_up == 0
    assert replay.refusals <= {503}
    installation.audit(ledger)


@pytest.mark.parametrize("name", [REDIS, WORKER])
def test_ingest_does_not_notice_that_a_process_beside_it_is_killed(
    installation: Installation, ledger: Ledger, name: str
) -> None:
    installation.wait_until_ready()
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(100)
        killed = installation.kill(name)
        installation.wait_for_another(name, than=killed)
        replay.wait_for_acks(100)

    assert (replay.unanswered, replay.refusals) == (0, set())
    installation.audit(ledger)


def test_two_deaths_at_once_lose_nothing_either(installation: Installation, ledger: Ledger) -> None:
    with Replay(installation, ledger) as replay:
        replay.wait_for_acks(100)
        killed = {name: installation.kill(name) for name in (WEB, POSTGRES)}
        for name, pid in killed.items():
            installation.wait_for_another(name, than=pid)
        replay.wait_for_acks(100)

    assert replay.given_up == 0
    installation.audit(ledger)


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
