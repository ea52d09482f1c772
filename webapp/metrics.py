"""Numbers about Callboard itself, for Prometheus: never a project, a user or a text in a label."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from psycopg_pool import PoolTimeout

from monitoring import canary, partitions
from monitoring.ingest.store import Stored
from projects.models import BackupKind
from webapp import disk
from webapp.access import public
from webapp.backups import records
from webapp.database_waits import within
from webapp.system import work

_SECONDS_TO_ASK = 3.0
_BEAT_SECONDS = 60
_QUARANTINED_PER_BATCH = 100

_spans = Counter("callboard_ingest_spans_total", "Spans that arrived, by what became of them", ["outcome"])
_quarantined = Counter("callboard_ingest_quarantined_total", "Rejected spans that are kept for a week")
_marked = Counter("callboard_ingest_marked_total", "Stored spans that were cleaned or shortened", ["mark"])
_bytes = Counter("callboard_ingest_bytes_total", "Bytes of accepted requests as they came over the network")
_dropped = Counter("callboard_client_reported_drops_total", "Spans that clients gave up before sending, as they report")
_refused = Counter("callboard_ingest_refused_total", "Ingest requests that were refused", ["status", "reason"])
_ack = Histogram(
    "callboard_ingest_ack_seconds", "Time from the request to the answer that all is stored",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8),
)  # fmt: skip
_pool_wait = Gauge(
    "callboard_db_pool_wait_seconds", "Time all requests of the running processes waited for a database connection",
    multiprocess_mode="livesum",
)  # fmt: skip


def count_stored(stored: Stored, *, wire_bytes: int, dropped_by_client: int) -> None:
    """Count one batch that was stored."""
    outcomes = {
        "accepted": stored.accepted, "duplicate": stored.duplicate, "merged": stored.merged, "rejected": len(stored.rejected),
    }  # fmt: skip
    for outcome, count in outcomes.items():
        _spans.labels(outcome).inc(count)
    _quarantined.inc(min(len(stored.rejected), _QUARANTINED_PER_BATCH))
    _marked.labels("cleaned").inc(stored.cleaned)
    _marked.labels("truncated").inc(stored.truncated)
    _bytes.inc(wire_bytes)
    _dropped.inc(dropped_by_client)


def count_refused(*, status: int, reason: str) -> None:
    """Count one request that was refused; `reason` is one of a few words, never a sentence."""
    _refused.labels(str(status), reason).inc()


def time_answer(began: float) -> None:
    """Count how long the answer to a stored batch took, and how long connections were waited for so far."""
    _ack.observe(time.perf_counter() - began)
    if pool := getattr(connection, "pool", None):
        _pool_wait.set(pool.get_stats().get("requests_wait_ms", 0) / 1000)


@public(
    "whoever scrapes the numbers shows the token of CALLBOARD_METRICS_TOKEN; without one the address does not exist"
)
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the numbers of all processes of this pool, and with what the disk and the database say now."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    if scheme.lower() != "bearer" or not secrets.compare_digest(sent.strip().encode(), token.encode()):
        return HttpResponse("Send the token of CALLBOARD_METRICS_TOKEN as «Authorization: Bearer …».", status=401)
    body = generate_latest(_of_processes()) + generate_latest(_of_now())
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _of_processes() -> Any:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _of_now() -> CollectorRegistry:
    """Return what is looked up at every scrape; what the database does not tell in time is left out."""
    registry = CollectorRegistry()
    depth = Gauge("callboard_queue_depth", "Jobs that could run now, by queue", ["queue"], registry=registry)
    found: dict[tuple[str, str], float | None] = {
        ("callboard_disk_free_bytes", "Free bytes of the disk with the data directory"): disk.guard.space.free,
        ("callboard_disk_tier", "0 fine, 1 low, 2 no ingest, 3 read-only"): disk.guard.tier,
    }
    try:
        with within(_SECONDS_TO_ASK):
            state = canary.state()
            found["callboard_canary_age_seconds", "Seconds since a call went the whole way"] = state.age_seconds
            found["callboard_schedule_lag_seconds", "How late the timetable is"] = _lag(state)
            found["callboard_partition_days_ahead", "Days from today that have a partition"] = partitions.days_ahead()
            found["callboard_backup_age_seconds", "Seconds since a backup was made"] = _age(BackupKind.MADE)
            found["callboard_backup_verified_age_seconds", "Seconds since one was brought back and compared"] = _age(
                BackupKind.CHECKED
            )
            for queue in work.queues():
                depth.labels(queue.name).set(queue.ready)
    except (Error, PoolTimeout):
        found["callboard_database_up", "Whether the database answered"] = 0
    else:
        found["callboard_database_up", "Whether the database answered"] = 1
    for (name, words), value in found.items():
        if value is not None:
            Gauge(name, words, registry=registry).set(value)
    return registry


def _age(kind: BackupKind) -> float | None:
    last = records.last_done(kind)
    return None if last is None else max(0.0, time.time() - last.started_at.timestamp())


def _lag(state: canary.State) -> float | None:
    if state.last_run is None:
        return None
    return max(0.0, time.time() - state.last_run.started_at.timestamp() - _BEAT_SECONDS)


urlpatterns = [path("metrics", metrics, name="metrics")]
