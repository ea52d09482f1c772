"""Replays real-looking traffic against an installation, keeps a ledger of what was promised, and audits the database."""

from __future__ import annotations

import http.client
import os
import threading
import time
from pathlib import Path
from types import TracebackType

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.traffic import Traffic
from tests.faults.installation import Installation

SPANS_PER_REQUEST = 45
SENDERS = 2
PAUSE = 0.05
PATIENCE = 40.0
SpanId = tuple[str, str]


class Ledger:
    """What was sent and what was acknowledged; acknowledged ids reach the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        self.sent: set[SpanId] = set()
        self.acked: set[SpanId] = set()
        self._file = path.open("a", encoding="ascii")
        self._lock = threading.Lock()

    def send(self, ids: list[SpanId]) -> None:
        """Note spans that are about to be sent."""
        with self._lock:
            self.sent.update(ids)

    def acknowledge(self, ids: list[SpanId]) -> None:
        """Note spans that the server said it has."""
        with self._lock:
            self._file.writelines(f"{trace_id} {span_id}\n" for trace_id, span_id in ids)
            self._file.flush()
            os.fsync(self._file.fileno())
            self.acked.update(ids)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Replay:
    """Sends traces from several threads while the `with` block runs, each request until it is accepted."""

    def __init__(self, installation: Installation, ledger: Ledger) -> None:
        self._installation = installation
        self._ledger = ledger
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._send_all, args=(seed,)) for seed in range(SENDERS)]
        self.unanswered = 0
        self.refusals: set[int] = set()
        self.given_up = 0

    def __enter__(self) -> Replay:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_acks(self, count: int, *, seconds: float = 20.0) -> None:
        """Return when this many more spans were acknowledged."""
        wanted = len(self._ledger.acked) + count
        deadline = time.monotonic() + seconds
        while len(self._ledger.acked) < wanted:
            assert time.monotonic() < deadline, f"{wanted - len(self._ledger.acked)} acknowledgements are missing"
            time.sleep(0.02)

    def _send_all(self, seed: int) -> None:
        template = Traffic(seed=seed).request(SPANS_PER_REQUEST)
        while not self._is_over.is_set():
            body = bytes(template.renew())
            ids = ids_in(body)
            self._ledger.send(ids)
            if self._is_accepted(body):
                self._ledger.acknowledge(ids)
            time.sleep(PAUSE)

    def _is_accepted(self, body: bytes) -> bool:
        """Send the same bytes again and again, as exporters do, also after the end has come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                status, _, _ = self._installation.post_traces(body)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
            else:
                if status == 200:
                    return True
                self.refusals.add(status)
            time.sleep(4 * PAUSE)
        self.given_up += 1
        return False


def ids_in(body: bytes) -> list[SpanId]:
    """Return trace and span id of every span of a request."""
    request = ExportTraceServiceRequest.FromString(body)
    spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    return [(span.trace_id.hex(), span.span_id.hex()) for span in spans]


def audit(installation: Installation, ledger: Ledger) -> None:
    """Fail when a promised span is missing, a span came from nowhere or counts twice, or a counter tells another story."""
    project_id = installation.prepared.project_id
    with psycopg.connect(installation.running.database_url) as connection:
        rows = connection.execute(
            "SELECT replace(trace_id::text, '-', ''), to_hex(span_id) FROM span WHERE project_id = %s", [project_id]
        ).fetchall()
        counted = connection.execute(
            """
            SELECT (SELECT sum(span_count) FROM trace WHERE project_id = %(id)s),
                (SELECT sum(span_count) FROM usage_minute WHERE project_id = %(id)s),
                (SELECT sum(span_count) FROM usage_hour WHERE project_id = %(id)s),
                (SELECT sum(span_count) FROM usage_day WHERE project_id = %(id)s),
                (SELECT sum(accepted) FROM ingest_minute WHERE project_id = %(id)s),
                (SELECT sum(x & 1099511627775) FROM usage_minute, unnest(latency) x WHERE project_id = %(id)s)
            """,
            {"id": project_id},
        ).fetchone()
    stored = {(trace_id, span_id.rjust(16, "0")) for trace_id, span_id in rows}
    assert len(stored) == len(rows), "a span is stored twice"
    assert ledger.acked - stored == set(), "acknowledged spans are missing"
    assert stored - ledger.sent == set(), "spans are stored that nobody sent"
    assert counted is not None
    assert set(map(int, counted)) == {len(stored)}, f"counters {counted} differ from {len(stored)} stored spans"
