"""Receives OTLP/HTTP: traces, evaluation results in logs, and metrics. A 2xx answer means: committed in PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error, InterfaceError, InternalError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout

from monitoring import scores
from monitoring.ingest import ledger, log_records, otlp_json, protobuf
from monitoring.ingest.log_records import TooManyRecords
from monitoring.ingest.rows import Sender, now
from monitoring.ingest.spans import BodyTooRich, BodyUnreadable, RawSpan, TooManySpans
from monitoring.ingest.store import store
from projects import keys
from projects.keys import Caller
from projects.roles import Scope
from webapp import metrics
from webapp.access import Rule, declared
from webapp.api import auth, bodies, otlp_answers, rate_limits, turned_away
from webapp.api.admission import admitted, busy, demand_open
from webapp.api.errors import ApiError
from webapp.api.otlp_answers import JSON
from webapp.database_waits import SECONDS_TO_STORE, within

log = structlog.get_logger("callboard.ingest")

# Together below the ten seconds after which the common exporters give up, and then throw the batch away.
_SECONDS_TO_KNOW_THE_CALLER = 1.5
_SECONDS_TO_REMEMBER = 0.5
# Refusals are counted by their reason, so a reason must not hold what the client sent or the id of the request.
_REASONS = {
    415: "The content type or compression is not supported.",
    500: "Callboard failed on a request; its log says why.",
}
_MOST_SKEW_MS = 10 * 365 * 86_400_000
_LOOKS_LIKE_LOGS = (
    "None of the spans has a trace id: is this an OTLP logs or metrics export? Send those to /v1/logs or /v1/metrics."
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request by a known caller, read and unpacked."""

    caller: Caller
    encoding: str
    body: bytes
    wire_bytes: int
    dropped_by_client: int


def _receive(request: HttpRequest, take: Callable[[Arrival], HttpResponse]) -> HttpResponse:
    """Answer what `take` answers, or a refusal that the client understands, whatever happens."""
    encoding, began = otlp_answers.encoding_of(request), time.perf_counter()
    caller: Caller | None = None
    try:
        caller = _known_caller(request, encoding)
        sent = bodies.read_wire(request)
        with within(SECONDS_TO_STORE), admitted():
            answer = take(Arrival(caller, encoding, bodies.unpack(request, sent), len(sent), _dropped(request)))
    except ApiError as error:
        return _refused(error, caller, encoding or JSON)
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        log.exception("the database did not take a batch")
        away = busy("The database does not answer. Nothing was stored, the client will try again.", kind="database")
        return _refused(away, caller, encoding)
    except Exception:
        # The edge of the process: clients expect a Status even for our own mistakes, and never send such a batch again.
        log.exception("a batch could not be taken")
        reference = getattr(request, "request_id", "")
        return _refused(
            ApiError(500, f"Callboard failed on this request; its log says why ({reference})."), caller, encoding
        )
    _remember(request, caller)
    metrics.time_answer(began)
    return answer


def _known_caller(request: HttpRequest, encoding: str) -> Caller:
    if request.method != "POST":
        raise ApiError(405, "Send it with POST.", headers={"Allow": "POST"})
    if not encoding:
        raise ApiError(415, "The content type is not supported. Send application/x-protobuf or application/json.")
    demand_open()
    with within(_SECONDS_TO_KNOW_THE_CALLER):
        caller = auth.caller(request, scope=Scope.INGEST)
        try:
            rate_limits.demand_room(caller, wire_bytes=bodies.wire_bytes(request), over=503)
        except ApiError as error:
            turned_away.remember(caller=caller, reason=error.detail)
            raise
    return caller


def _take_traces(arrival: Arrival) -> HttpResponse:
    spans = _decoded(arrival)
    sender = Sender(project_id=arrival.caller.project_id, environment=arrival.caller.environment, received_at=now())
    # Before the spans are masked: scores are masked on their own, and kept where no content is.
    results = log_records.of_spans(spans)
    stored = store(spans, sender, body_bytes=arrival.wire_bytes, dropped_by_client=arrival.dropped_by_client)
    warnings: list[str] = []
    if results:
        found, warnings = log_records.to_scores(results, now=timezone.now())
        scores.record(project_id=arrival.caller.project_id, scores=found)
    metrics.count_stored(stored, wire_bytes=arrival.wire_bytes, dropped_by_client=arrival.dropped_by_client)
    reasons = [item.reason for item in stored.rejected]
    if reasons and not any(span.trace_id for span in spans):
        reasons[0] = _LOOKS_LIKE_LOGS
    return otlp_answers.traces_accepted(arrival.encoding, reasons, warnings=warnings)


def _decoded(arrival: Arrival) -> list[RawSpan]:
    if not arrival.body:
        return []
    try:
        return otlp_json.decode(arrival.body) if arrival.encoding == JSON else protobuf.decode(arrival.body)
    except BodyUnreadable as error:
        raise ApiError(400, str(error)) from error
    except (TooManySpans, BodyTooRich) as error:
        raise ApiError(413, str(error)) from error


def _take_logs(arrival: Arrival) -> HttpResponse:
    decode = log_records.from_json if arrival.encoding == JSON else log_records.from_protobuf
    try:
        records = decode(arrival.body) if arrival.body else []
    except BodyUnreadable as error:
        raise ApiError(400, str(error)) from error
    except TooManyRecords as error:
        raise ApiError(413, str(error)) from error
    found, refused = log_records.to_scores(records, now=timezone.now())
    with transaction.atomic():
        scores.record(project_id=arrival.caller.project_id, scores=found)
        _note_signal(arrival, "logs", records=len(records), stored=len(found))
    return otlp_answers.logs_accepted(arrival.encoding, refused)


def _take_metrics(arrival: Arrival) -> HttpResponse:
    _note_signal(arrival, "metrics", records=0, stored=0)
    return otlp_answers.metrics_accepted(arrival.encoding)


def _note_signal(arrival: Arrival, signal: str, *, records: int, stored: int) -> None:
    ledger.note_signal(
        project_id=arrival.caller.project_id, signal=signal, records=records, stored=stored, body_bytes=arrival.wire_bytes
    )  # fmt: skip


def _refused(error: ApiError, caller: Caller | None, encoding: str) -> HttpResponse:
    metrics.count_refused(status=error.status, reason=error.kind or "client")
    if caller is not None:
        turned_away.remember(caller=caller, reason=_REASONS.get(error.status, error.detail))
        if error.status in (400, 413, 415):
            with within(_SECONDS_TO_REMEMBER):
                turned_away.write_down()
    return otlp_answers.refused(error, encoding)


def _remember(request: HttpRequest, caller: Caller) -> None:
    """Note who sent something; what was stored stays stored, whatever becomes of the note."""
    client = request.headers.get("X-Callboard-SDK") or request.headers.get("User-Agent", "")
    try:
        with within(_SECONDS_TO_REMEMBER), transaction.atomic():
            keys.touch(key_id=caller.key_id, used_by=client.replace("\x00", ""))
            ledger.note_sender(
                project_id=caller.project_id, key_id=caller.key_id, client=client, skew_ms=_skew_ms(request)
            )
            turned_away.write_down()
    except (Error, PoolTimeout):
        log.warning("who sent a batch could not be written down")


def _skew_ms(request: HttpRequest) -> int | None:
    """Return how far the client's clock is behind ours (its way here included), or None when it does not say."""
    sent = request.headers.get("X-Callboard-Sent-At", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) < 20):
        return None
    skew = (time.time_ns() - int(sent)) // 1_000_000
    return skew if abs(skew) < _MOST_SKEW_MS else None


def _dropped(request: HttpRequest) -> int:
    sent = request.headers.get("X-Callboard-Dropped", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 12 else 0


def _endpoint(take: Callable[[Arrival], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def receive(request: HttpRequest) -> HttpResponse:
        return _receive(request, take)

    return csrf_exempt(declared(receive, Rule("keys", scope=Scope.INGEST)))


receive_traces = _endpoint(_take_traces)
receive_logs = _endpoint(_take_logs)
receive_metrics = _endpoint(_take_metrics)
