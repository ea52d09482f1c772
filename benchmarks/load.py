"""The load generator: a process of its own that sends traces as fast as they are accepted, or at a given rate.

Reads its orders from the first argument, prints `ready`, starts when told `go`, and prints what it did as JSON.
"""

from __future__ import annotations

import gzip
import http.client
import json
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from benchmarks.traffic import SPANS_PER_REQUEST, Request, Traffic

_TEMPLATES_PER_SENDER = 3
_PAUSE_AFTER_REFUSAL = 0.2
_TIMEOUT = 30.0
_GRACE = 20.0


@dataclass(frozen=True)
class Orders:
    """What to send, and for how long; `spans_per_s` 0 means as fast as possible."""

    url: str
    key: str
    senders: int = 4
    seconds: float = 10.0
    spans: int = 0
    spans_per_s: float = 0.0
    spans_per_request: int = SPANS_PER_REQUEST
    is_gzipped: bool = False


@dataclass
class Done:
    """What was sent: every number counts what the server answered with 200 unless it says otherwise."""

    spans: int = 0
    requests: int = 0
    wire_bytes: int = 0
    refused: int = 0
    broken: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    acks: list[float] = field(default_factory=list)
    failure: str = ""


class Sender:
    """Sends requests one after the other over one connection."""

    def __init__(self, orders: Orders, seed: int) -> None:
        self._orders = orders
        traffic = Traffic(seed=seed)
        self._templates = [traffic.request(orders.spans_per_request) for _ in range(_TEMPLATES_PER_SENDER)]
        self._headers = {"Authorization": f"Bearer {orders.key}", "Content-Type": "application/x-protobuf"}
        if orders.is_gzipped:
            self._headers["Content-Encoding"] = "gzip"
        self._connection: http.client.HTTPConnection | None = None
        self.done = Done()

    def run(self, until: float, budget: Budget) -> None:
        """Send until the time is over, the budget of spans is spent, or the server refuses for good."""
        number = 0
        while time.monotonic() < until and not self.done.failure and budget.take(self._orders.spans_per_request):
            self._send(self._templates[number % len(self._templates)], give_up_at=until + _GRACE)
            number += 1
            budget.pace()

    def _send(self, request: Request, *, give_up_at: float) -> None:
        """Send the request until it is accepted; the same ids each time, so nothing counts twice."""
        body: bytes | bytearray = request.renew()
        if self._orders.is_gzipped:
            body = gzip.compress(body, compresslevel=1)
        began = time.perf_counter()
        while (answer := self._post(body))[0] != 200:
            self.done.refused += answer[0] == 503
            self.done.broken += answer[0] == 0
            if answer[0] not in (0, 503) or time.monotonic() > give_up_at:
                self.done.failure = f"The server answered {answer[0]}: {answer[1]}"
                return
            time.sleep(_PAUSE_AFTER_REFUSAL)
            began = time.perf_counter()
        self.done.acks.append(time.perf_counter() - began)
        self.done.spans += request.span_count
        self.done.requests += 1
        self.done.wire_bytes += len(body)

    def _post(self, body: bytes | bytearray) -> tuple[int, str]:
        try:
            if self._connection is None:
                address = urlsplit(self._orders.url)
                self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
            self._connection.request("POST", "/v1/traces", body=body, headers=self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read(500).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return 0, str(error)


class Budget:
    """How many spans may still be sent, and when the next request is due."""

    def __init__(self, orders: Orders) -> None:
        self._left = orders.spans or sys.maxsize
        self._interval = orders.spans_per_request / orders.spans_per_s if orders.spans_per_s else 0.0
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def take(self, spans: int) -> bool:
        """Tell whether a request of this many spans may be sent."""
        with self._lock:
            self._left -= spans
            return self._left >= 0

    def pace(self) -> None:
        """Wait until the next request is due; requests that are late are not made up for."""
        if not self._interval:
            return
        with self._lock:
            self._next = max(self._next + self._interval, time.monotonic())
            due = self._next
        time.sleep(max(0.0, due - time.monotonic()))


def send(orders: Orders) -> Done:
    """Make everything ready, wait for the word, send, and return what was done."""
    senders = [Sender(orders, seed) for seed in range(orders.senders)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    budget = Budget(orders)
    cpu, began = time.process_time(), time.monotonic()
    threads = [threading.Thread(target=sender.run, args=(began + orders.seconds, budget)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Done(seconds=time.monotonic() - began, cpu_seconds=time.process_time() - cpu)
    for sender in senders:
        total.spans += sender.done.spans
        total.requests += sender.done.requests
        total.wire_bytes += sender.done.wire_bytes
        total.refused += sender.done.refused
        total.broken += sender.done.broken
        total.acks += sender.done.acks
        total.failure = total.failure or sender.done.failure
    return total


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(send(Orders(**json.loads(sys.argv[1]))))) + "\n")
