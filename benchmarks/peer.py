"""`callboard bench peer`: the same requests sent to another server, whose processes are measured like ours."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import figures, processes
from benchmarks.figures import Figures
from benchmarks.load import Budget, Orders, Sender
from benchmarks.stage import StageFailed

_SETTLE_SECONDS = 120.0


@dataclass(frozen=True)
class Options:
    """A server that is running and takes OTLP at `/v1/traces`; its SQLite file says how many spans can be seen."""

    url: str
    pid: int
    database: Path
    table: str = "spans"
    seconds: float = 12.0
    senders: int = 4
    spans_per_request: int = 512


def run(options: Options) -> Figures:
    """Send for a while, wait until no more spans appear, and say how many were visible per second and per CPU second."""
    machine = figures.machine()
    orders = Orders(
        url=options.url, key="none", senders=options.senders, seconds=options.seconds,
        spans_per_request=options.spans_per_request,
    )  # fmt: skip
    senders = [Sender(orders, seed) for seed in range(options.senders)]
    with processes.PeakMemory([options.pid]) as memory:
        before, cpu_before, began = _visible(options), processes.cpu_seconds([options.pid]), time.monotonic()
        _send(senders, orders, until=began + options.seconds)
        sent_seconds = time.monotonic() - began
        visible, seconds = _settled(options, began)
        cpu = processes.cpu_seconds([options.pid]) - cpu_before
    acks = [ack for sender in senders for ack in sender.done.acks]
    return {
        "sent": sum(sender.done.spans for sender in senders), "visible": visible - before, "failure": senders[0].done.failure,
        "acknowledged_per_s": round(sum(sender.done.spans for sender in senders) / sent_seconds),
        "visible_per_s": round((visible - before) / seconds), "visible_per_cpu_s": round((visible - before) / max(cpu, 0.01)),
        **figures.milliseconds(acks, (50, 99), prefix="ack_"), "peak_rss_mb": round(memory.mb), "machine": machine,
    }  # fmt: skip


def _send(senders: list[Sender], orders: Orders, *, until: float) -> None:
    budget = Budget(orders)
    threads = [threading.Thread(target=sender.run, args=(until, budget)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _settled(options: Options, began: float) -> tuple[int, float]:
    """Return how many spans can be seen once no more appear, and how long after the beginning the last one did."""
    seen, at = _visible(options), time.monotonic()
    while time.monotonic() - at < 5 and time.monotonic() - began < options.seconds + _SETTLE_SECONDS:
        time.sleep(0.5)
        if (now := _visible(options)) != seen:
            seen, at = now, time.monotonic()
    return seen, max(at - began, options.seconds)


def _visible(options: Options) -> int:
    if not options.table.isidentifier():
        raise StageFailed(f"«{options.table}» is not the name of a table.")
    with sqlite3.connect(f"file:{options.database}?mode=ro", uri=True) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {options.table}").fetchone()[0])
