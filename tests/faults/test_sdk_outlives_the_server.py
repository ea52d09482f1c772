"""An application that uses the SDK never waits for Callboard, and nothing it traced is lost while Callboard is away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from callboard import Callboard

from benchmarks.preparation import PROMPTS
from tests.faults.installation import WEB, Installation
from tests.faults.ledger import Ledger, SpanId, digest

pytestmark = pytest.mark.faults

CALLS = 300


def test_calls_traced_while_the_server_is_away_arrive_when_it_is_back(
    installation: Installation, ledger: Ledger, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    client = Callboard(
        url=installation.running.url, api_key=installation.prepared.key, prompt_dir=tmp_path, flush_interval=0.2
    )
    slowest = 0.0
    spans: dict[SpanId, str] = {}
    try:
        version = client.prompts.get(PROMPTS[0]).version
        with installation.nothing_is_restarted():
            installation.kill(WEB)
            for number in range(CALLS):
                began = time.perf_counter()
                with client.span("answer", kind="llm", input=f"question {number}") as span:
                    prompt = client.prompts.get(PROMPTS[0])
                    span.set(model="gpt-4o-mini", prompt=prompt)
                spans[span.trace_id, span.span_id] = digest(f"question {number}", "")
                slowest = max(slowest, time.perf_counter() - began)
                time.sleep(0.005)
        ledger.send(spans)
        installation.wait_until_ready()
        is_sent = client.flush(25)
    finally:
        client.shutdown(1)

    assert is_sent
    assert client.stats()["spans_lost"] == 0
    assert slowest < 0.25
    assert prompt.version == version is not None
    ledger.acknowledge(spans)
    installation.audit(ledger)
