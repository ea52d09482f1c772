"""A crowd of senders in a process of its own: each sends as soon as it has an answer, and nobody is patient.

Reads its orders from the first argument, keeps a ledger, and prints what came of it as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.traffic import Request, Traffic
from tests.faults.ledger import Ledger, spans_in
from webapp import niceness

HOST = "127.0.0.1"
TIMEOUT = 30.0


@dataclass(frozen=True)
class Orders:
    """Who sends how much to whom, and where the ledger lies."""

    port: int
    key: str
    ledger: str
    senders: int
    spans_per_request: int
    seconds: float


@dataclass
class Flooded:
    """What came of it; status 0 means no answer."""

    answers: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0
    slowest_refusal: float = 0.0
    spans: int = 0


class Sender(threading.Thread):
    """Sends until the time is over."""

    def __init__(self, orders: Orders, ledger: Ledger, seed: int) -> None:
        super().__init__()
        self._orders, self._ledger = orders, ledger
        self._request = Traffic(seed=seed % 8).request(orders.spans_per_request)
        self.answers: Counter[int] = Counter()
        self.slowest = self.slowest_refusal = 0.0
        self.spans = 0

    def run(self) -> None:
        until = time.monotonic() + self._orders.seconds
        while time.monotonic() < until:
            status, took = self._send(self._request)
            self.answers[status] += 1
            self.slowest = max(self.slowest, took)
            if status != 200:
                self.slowest_refusal = max(self.slowest_refusal, took)
                time.sleep(0.05)

    def _send(self, request: Request) -> tuple[int, float]:
        """Send once; return the status and the seconds until it came."""
        spans = spans_in(request.renew())
        self._ledger.send(spans)
        connection = http.client.HTTPConnection(HOST, self._orders.port, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {self._orders.key}", "Content-Type": "application/x-protobuf"}
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/traces", body=bytes(request.body), headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        took = time.monotonic() - began
        connection.close()
        if status == 200:
            self._ledger.acknowledge(spans)
            self.spans += request.span_count
        return status, took


def flood(orders: Orders) -> Flooded:
    """Let all senders go at once and return what came of it."""
    ledger = Ledger(Path(orders.ledger))
    senders = [Sender(orders, ledger, seed) for seed in range(orders.senders)]
    for sender in senders:
        sender.start()
    total: Counter[int] = Counter()
    for sender in senders:
        sender.join()
        total += sender.answers
    ledger.close()
    return Flooded(
        answers={str(status): count for status, count in sorted(total.items())},
        slowest=max(sender.slowest for sender in senders),
        slowest_refusal=max(sender.slowest_refusal for sender in senders),
        spans=sum(sender.spans for sender in senders),
    )


if __name__ == "__main__":
    # The crowd is on other machines: it does not get the processors of the server.
    niceness.step_back(19)
    sys.stdout.write(json.dumps(asdict(flood(Orders(**json.loads(sys.argv[1]))))) + "\n")
