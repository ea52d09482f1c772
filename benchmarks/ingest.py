"""`callboard bench ingest`: how many spans a second are committed and visible, and what one costs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import LiteralString

import psycopg

from benchmarks import figures, generator
from benchmarks.figures import Figures
from benchmarks.generator import Cost
from benchmarks.load import Orders
from benchmarks.stage import Stage, StageFailed

WARM_UP_REQUESTS = 8
WARM_UP_SECONDS = 5.0
SETTLE_SECONDS = 45.0
SPANS_WORTH_SETTLING = 500_000
# Of the spans that are stored first: they fill the indexes, not the disk.
LONGEST_TEXT = 100
SHARE_OF_CALM_RUN = 0.5

# Where a stored span must be counted: the list, the trace page and the dashboard read these.
_COUNTS: dict[str, LiteralString] = {
    "span": "SELECT count(*) FROM span WHERE project_id = %s",
    "trace": "SELECT coalesce(sum(span_count), 0) FROM trace WHERE project_id = %s",
    "usage_minute": "SELECT coalesce(sum(span_count), 0) FROM usage_minute WHERE project_id = %s",
    "usage_hour": "SELECT coalesce(sum(span_count), 0) FROM usage_hour WHERE project_id = %s",
    "usage_day": "SELECT coalesce(sum(span_count), 0) FROM usage_day WHERE project_id = %s",
}
_SIZE = """
    SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('span')
    UNION ALL SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(ARRAY['trace', 'usage_minute']) AS name
"""


class SpansMissing(StageFailed):
    """Not every accepted span can be found afterwards."""


@dataclass(frozen=True)
class Options:
    """How to load the server."""

    senders: int = 4
    processes: int = 1
    seconds: float = 12.0
    spans: int = 0
    is_gzipped: bool = False
    # Measured again with this many spans stored, to see how the cost grows.
    stored: tuple[int, ...] = ()


def run(options: Options) -> Figures:
    """Measure at full speed, then at half of it, and check that every accepted span is counted everywhere."""
    machine = figures.machine()
    with Stage(web_processes=options.processes) as stage:
        orders = Orders(
            url=stage.url, key=stage.prepared.key, senders=options.senders, seconds=options.seconds,
            spans=options.spans, is_gzipped=options.is_gzipped,
        )  # fmt: skip
        warm_up = generator.measure(stage, replace(orders, spans=WARM_UP_REQUESTS * orders.spans_per_request))
        full = generator.measure(stage, orders)
        rate = full.done.spans / full.done.seconds
        calm = generator.measure(
            stage, replace(orders, spans_per_s=rate * SHARE_OF_CALM_RUN, seconds=options.seconds * SHARE_OF_CALM_RUN)
        )
        sent = warm_up.done.spans + full.done.spans + calm.done.spans
        stored = check(stage.servers.database_url, stage.prepared.project_id, sent=sent)
        sizes = _bytes_per_span(stage.servers.database_url, stored)
        growth = _growth(stage, orders, full, options.stored, stored=stored)
        version = figures.postgres_version(stage.servers.database_url)
    return {
        **_speed(full), **_latencies(full, calm), **sizes, "sent": sent, "stored": stored,
        "seconds": round(full.done.seconds, 2), "senders": options.senders, "web_processes": options.processes,
        "spans_per_request": orders.spans_per_request, "is_gzipped": options.is_gzipped, **growth,
        "machine": {**machine, "postgres": version},
    }  # fmt: skip


def _growth(stage: Stage, orders: Orders, first: Cost, steps: Sequence[int], *, stored: int) -> Figures:
    """Fill the database step by step, measure full speed at each, and say how the cost of a span grew since the first run."""
    found: list[Figures] = []
    for step in sorted(steps):
        filled = 0
        if step > stored:
            told = stage.run(
                "benchmarks.filling",
                "--project-id",
                str(stage.prepared.project_id),
                "--spans",
                str(step - stored),
                "--longest-text",
                str(LONGEST_TEXT),
            )
            filled = int(json.loads(told)["spans"]) - stored
            # What filling left to be written must not count as the cost of what is measured next.
            time.sleep(SETTLE_SECONDS if filled > SPANS_WORTH_SETTLING else 0)
        warm_up = generator.measure(stage, replace(orders, seconds=WARM_UP_SECONDS))
        cost = generator.measure(stage, orders)
        sent = warm_up.done.spans + cost.done.spans
        stored = check(stage.servers.database_url, stage.prepared.project_id, sent=stored + filled + sent)
        found.append({"stored": stored, **_cpu_per_thousand(cost), "times_the_first": _times(cost, first)})
    return {"cpu": {"stored": 0, **_cpu_per_thousand(first)}, "growth": found} if found else {}


def _cpu_per_thousand(cost: Cost) -> Figures:
    spans = max(1, cost.done.spans)
    return {
        "web_cpu_s_per_1000_spans": round(cost.web_cpu_seconds / spans * 1000, 4),
        "postgres_cpu_s_per_1000_spans": round(cost.postgres_cpu_seconds / spans * 1000, 4),
        "spans_per_s": round(cost.done.spans / cost.done.seconds),
    }


def _times(cost: Cost, first: Cost) -> float:
    now, before = ((one.web_cpu_seconds + one.postgres_cpu_seconds) / max(1, one.done.spans) for one in (cost, first))
    return round(now / before, 2)


def check(database_url: str, project_id: int, *, sent: int) -> int:
    """Return how many spans are stored; raise when a table that is shown to people counts another number."""
    with psycopg.connect(database_url) as connection:
        found = {
            name: int((connection.execute(query, [project_id]).fetchone() or (0,))[0])
            for name, query in _COUNTS.items()
        }
    wrong = {name: count for name, count in found.items() if count != sent}
    if wrong:
        raise SpansMissing(f"{sent} spans were accepted, but these tables count another number: {wrong}.")
    return found["span"]


def _speed(full: Cost) -> Figures:
    spans = max(1, full.done.spans)
    cpu_seconds = full.web_cpu_seconds + full.postgres_cpu_seconds
    return {
        "spans_per_s": round(full.done.spans / full.done.seconds),
        "spans_per_cpu_s": round(full.done.spans / cpu_seconds) if cpu_seconds else 0,
        "web_cpu_us_per_span": round(full.web_cpu_seconds / spans * 1e6, 1),
        "postgres_cpu_us_per_span": round(full.postgres_cpu_seconds / spans * 1e6, 1),
        "generator_cpu_us_per_span": round(full.done.cpu_seconds / spans * 1e6, 1),
        "peak_rss_mb": round(full.peak_mb),
        "wire_bytes_per_span": round(full.done.wire_bytes / spans),
        "refused_requests": full.done.refused,
        "broken_requests": full.done.broken,
    }


def _latencies(full: Cost, calm: Cost) -> Figures:
    """The acknowledgements that count are those at half of the highest load; at full speed requests queue."""
    return {
        **figures.milliseconds(calm.done.acks, (50, 99), prefix="ack_"),
        **figures.milliseconds(full.done.acks, (50, 99), prefix="ack_", suffix="_at_full_speed"),
        "spans_per_s_at_half_speed": round(calm.done.spans / calm.done.seconds),
    }


def _bytes_per_span(database_url: str, stored: int) -> Figures:
    with psycopg.connect(database_url) as connection:
        sizes = [int(row[0]) for row in connection.execute(_SIZE)]
    return {
        "bytes_per_span": round(sizes[0] / max(1, stored)),
        "bytes_per_span_with_traces": round(sum(sizes) / max(1, stored)),
    }
