"""An application that uses the SDK never waits for Callboard, and nothing it traced is lost while Callboard is away."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from benchmarks.preparation import PROMPTS
from callboard import Callboard
from tests.faults.installation import WEB, Installation

pytestmark = pytest.mark.faults

CALLS = 300


def test_calls_traced_while_the_server_is_away_arrive_when_it_is_back(installation: Installation, tmp_path: Path) -> None:
    installation.wait_until_ready()
    client = Callboard(url=installation.running.url, api_key=installation.prepared.key, prompt_dir=tmp_path, flush_interval=0.2)
    slowest = 0.0
    try:
        version = client.prompts.get(PROMPTS[0]).version
        with installation.nothing_is_restarted():
            installation.kill(WEB)
            for number in range(CALLS):
                began = time.perf_counter()
                with client.span("answer", kind="llm", input=f"question {number}") as span:
                    prompt = client.prompts.get(PROMPTS[0])
                    span.set(model="sdk-outage-model", prompt=prompt)
                slowest = max(slowest, time.perf_counter() - began)
                time.sleep(0.005)
        installation.wait_until_ready()
        is_sent = client.flush(25)
    finally:
        client.shutdown(1)

    assert is_sent
    assert client.stats()["spans_lost"] == 0
    assert slowest < 0.25
    assert prompt.version == version is not None
    assert _stored(installation) == CALLS


def _stored(installation: Installation) -> int:
    with psycopg.connect(installation.running.database_url) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT span_id) FROM span WHERE project_id = %s AND model = 'sdk-outage-model'",
            [installation.prepared.project_id],
        ).fetchone()
    return row[0] if row else 0
