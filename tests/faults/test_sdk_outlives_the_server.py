"""An application that uses the SDK never waits for Callboard, and nothing it traced is lost while Callboard is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from callboard import Callboard

from benchmarks.preparation import PROMPTS
from tests.faults import chaos_proxy
from tests.faults.chaos_proxy import BLACKHOLE, HALF_OPEN, HOST, PASS, REFUSE, RESETTING, ChaosProxy, Mode
from tests.faults.conftest import Record
from tests.faults.installation import WEB, Installation
from tests.faults.ledger import Ledger, SpanId, digest

CALLS = 300
# One traced call with a prompt takes some 50 microseconds; the rest is patience with a busy machine.
SLOWEST_CALL = 0.25
SECONDS_TO_DELIVER = 25.0
TIMEOUT = 2.0


class Application:
    """Traces calls that use a prompt, as fast as a busy application does."""

    def __init__(self, client: Callboard) -> None:
        self._client = client
        self.spans: dict[SpanId, str] = {}
        self.slowest = 0.0
        self.versions: set[int | None] = set()

    def run(self, calls: int) -> None:
        for number in range(calls):
            began = time.perf_counter()
            with self._client.span("answer", kind="llm", input=f"question {number}") as span:
                prompt = self._client.prompts.get(PROMPTS[0])
                span.set(model="gpt-4o-mini", prompt=prompt)
            self.slowest = max(self.slowest, time.perf_counter() - began)
            self.spans[span.trace_id, span.span_id] = digest(f"question {number}", "")
            self.versions.add(prompt.version)
            time.sleep(0.005)


@contextmanager
def sdk(installation: Installation, prompt_dir: Path, *, port: int) -> Iterator[Callboard]:
    client = Callboard(
        url=f"http://{HOST}:{port}",
        api_key=installation.prepared.key,
        prompt_dir=prompt_dir,
        flush_interval=0.2,
        timeout=TIMEOUT,
    )
    try:
        client.prompts.get(PROMPTS[0])
        yield client
    finally:
        client.shutdown(1)


def check(installation: Installation, ledger: Ledger, client: Callboard, application: Application) -> None:
    """Everything that was traced has arrived, once, and the application noticed nothing."""
    ledger.send(application.spans)
    is_sent = client.flush(SECONDS_TO_DELIVER)

    assert is_sent
    assert client.stats()["spans_lost"] == 0
    assert application.slowest < SLOWEST_CALL
    assert len(application.versions) == 1
    assert None not in application.versions
    ledger.acknowledge(application.spans)
    installation.audit(ledger)


@pytest.mark.faults
def test_calls_traced_while_the_server_is_away_arrive_when_it_is_back(
    installation: Installation, ledger: Ledger, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    with sdk(installation, tmp_path, port=installation.port) as client:
        application = Application(client)
        with installation.nothing_is_restarted():
            installation.kill(WEB)
            application.run(CALLS)
        installation.wait_until_ready()

        check(installation, ledger, client, application)


def survive(installation: Installation, ledger: Ledger, record: Record, prompt_dir: Path, mode: Mode) -> None:
    """Trace calls over a link in this mode, mend the link, and check."""
    installation.wait_until_ready()
    with ChaosProxy(installation.port) as proxy, sdk(installation, prompt_dir, port=proxy.port) as client:
        application = Application(client)
        proxy.set(mode)
        application.run(CALLS)
        began = time.perf_counter()
        client.flush(0.5)
        flush_took = time.perf_counter() - began
        proxy.set(PASS)
        check(installation, ledger, client, application)
    record(
        f"SDK, {mode.name}: slowest traced call {application.slowest * 1000:.1f} ms, {len(application.spans)} arrived"
    )
    assert flush_took < 2


@pytest.mark.faults
@pytest.mark.parametrize("mode", [RESETTING, HALF_OPEN], ids=lambda mode: mode.name)
def test_the_sdk_outlives_a_link_that_loses_answers(
    installation: Installation, ledger: Ledger, record: Record, tmp_path: Path, mode: Mode
) -> None:
    survive(installation, ledger, record, tmp_path, mode)


OTHER_MODES = [
    PASS,
    REFUSE,
    BLACKHOLE,
    chaos_proxy.latency(300),
    chaos_proxy.drip(2_000),
    chaos_proxy.cut_answer_after(0),
    chaos_proxy.cut_answer_after(60),
    chaos_proxy.cut_request_after(500),
]


@pytest.mark.long_faults
@pytest.mark.parametrize("mode", OTHER_MODES, ids=lambda mode: f"{mode.name}-{mode.amount}")
def test_the_sdk_outlives_every_bad_link(
    installation: Installation, ledger: Ledger, record: Record, tmp_path: Path, mode: Mode
) -> None:
    survive(installation, ledger, record, tmp_path, mode)
