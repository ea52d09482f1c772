"""Receives traces over OTLP/HTTP, protobuf and JSON. A 2xx answer means: committed in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from psycopg_pool import PoolTimeout

from monitoring.ingest import otlp_json, protobuf
from monitoring.ingest.rows import Sender, now
from monitoring.ingest.spans import BodyUnreadable, RawSpan, Rejected, TooManySpans
from monitoring.ingest.store import store
from projects import keys
from projects.keys import Caller
from projects.roles import Scope
from webapp.access import Rule, declared
from webapp.api import auth, bodies
from webapp.api.admission import admitted, busy
from webapp.api.errors import ApiError

log = structlog.get_logger("callboard.ingest")

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_DECODERS: dict[str, Callable[[bytes], list[RawSpan]]] = {PROTOBUF: protobuf.decode, JSON: otlp_json.decode}
_GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}


def _receive_traces(request: HttpRequest) -> HttpResponse:
    encoding = _encoding(request)
    try:
        if request.method != "POST":
            raise ApiError(405, "Send traces with POST.", headers={"Allow": "POST"})
        if not encoding:
            raise ApiError(415, "The content type is not supported. Send application/x-protobuf or application/json.")
        caller = auth.caller(request, scope=Scope.INGEST)
        with admitted():
            rejected = _store(request, caller, encoding)
    except ApiError as error:
        return _refusal(error, encoding or JSON)
    except (OperationalError, InterfaceError, PoolTimeout):
        log.exception("the database did not take a batch")
        return _refusal(busy("The database does not answer. Nothing was stored, the client will try again."), encoding)
    return _accepted(rejected, encoding)


def _store(request: HttpRequest, caller: Caller, encoding: str) -> Sequence[Rejected]:
    body, wire_bytes = bodies.read(request)
    try:
        spans = _DECODERS[encoding](body)
    except BodyUnreadable as error:
        raise ApiError(400, str(error)) from error
    except TooManySpans as error:
        raise ApiError(413, str(error)) from error
    sender = Sender(project_id=caller.project_id, environment=caller.environment, received_at=now())
    stored = store(spans, sender, body_bytes=wire_bytes, dropped_by_client=_dropped(request))
    keys.touch(key_id=caller.key_id, used_by=_client(request))
    return stored.rejected


def _encoding(request: HttpRequest) -> str:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind if kind in _DECODERS else ""


def _dropped(request: HttpRequest) -> int:
    sent = request.headers.get("X-Callboard-Dropped", "")
    return int(sent) if sent.isdigit() and len(sent) < 12 else 0


def _client(request: HttpRequest) -> str:
    return request.headers.get("X-Callboard-SDK") or request.headers.get("User-Agent", "")


def _accepted(rejected: Sequence[Rejected], encoding: str) -> HttpResponse:
    reasons = " ".join(dict.fromkeys(item.reason for item in rejected[:5]))
    if encoding == JSON:
        partial = {"partialSuccess": {"rejectedSpans": str(len(rejected)), "errorMessage": reasons}} if rejected else {}
        return HttpResponse(orjson.dumps(partial), content_type=JSON)
    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = len(rejected)
        answer.partial_success.error_message = reasons
    return HttpResponse(answer.SerializeToString(), content_type=PROTOBUF)


def _refusal(error: ApiError, encoding: str) -> HttpResponse:
    """Answer with a google.rpc.Status in the encoding of the request."""
    code = _GRPC_CODES.get(error.status, 2)
    if encoding == PROTOBUF:
        message = error.detail.encode()
        body = b"\x08" + bytes([code]) + b"\x12" + _varint(len(message)) + message
    else:
        body = orjson.dumps({"code": code, "message": error.detail})
    response = HttpResponse(body, status=error.status, content_type=encoding)
    for name, value in error.headers.items():
        response[name] = value
    return response


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


receive_traces = csrf_exempt(declared(_receive_traces, Rule("keys", scope=Scope.INGEST)))
