"""Replays real-looking traffic against an installation and keeps a ledger of what was promised."""

from __future__ import annotations

import http.client
import threading
import time
from types import TracebackType

from benchmarks.traffic import Traffic
from tests.faults.installation import Installation
from tests.faults.ledger import Ledger, spans_in

SPANS_PER_REQUEST = 45
SENDERS = 2
PAUSE = 0.05
PATIENCE = 40.0


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
        self.slowest = 0.0

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
            spans = spans_in(body)
            self._ledger.send(spans)
            if self._is_accepted(body):
                self._ledger.acknowledge(spans)
            time.sleep(PAUSE)

    def _is_accepted(self, body: bytes) -> bool:
        """Send the same bytes again and again, as exporters do, also after the end has come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            began = time.monotonic()
            try:
                status, _, _ = self._installation.post_traces(body)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
            else:
                self.slowest = max(self.slowest, time.monotonic() - began)
                if status == 200:
                    return True
                self.refusals.add(status)
            time.sleep(4 * PAUSE)
        self.given_up += 1
        return False
