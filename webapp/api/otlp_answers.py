"""What OTLP clients are told, in the encoding they speak: how much was stored, or why nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from webapp.api.errors import ApiError

PROTOBUF, JSON = "application/x-protobuf", "application/json"
REASONS_TOLD = 5
_GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}


def encoding_of(request: HttpRequest) -> str:
    """Return the encoding of the request, which is that of the answer; nothing when it is none of ours."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind if kind in (PROTOBUF, JSON) else ""


def traces_accepted(encoding: str, reasons: Sequence[str] = (), *, warnings: Sequence[str] = ()) -> HttpResponse:
    """Answer that the spans are stored, but for those with a reason; a warning is about something else they carried."""
    return _accepted(encoding, reasons, ExportTraceServiceResponse(), "spans", warnings)


def logs_accepted(encoding: str, reasons: Sequence[str] = ()) -> HttpResponse:
    """Answer that the log records are stored, but for those with a reason."""
    return _accepted(encoding, reasons, ExportLogsServiceResponse(), "log_records")


def metrics_accepted(encoding: str) -> HttpResponse:
    """Answer that the metrics came."""
    return HttpResponse(b"{}" if encoding == JSON else b"", content_type=encoding)


def refused(error: ApiError, encoding: str) -> HttpResponse:
    """Answer with a google.rpc.Status."""
    code = _GRPC_CODES.get(error.status, 2)
    if encoding == PROTOBUF:
        message = error.detail.encode()
        body = b"\x08" + bytes([code]) + b"\x12" + _varint(len(message)) + message
    else:
        body = orjson.dumps({"code": code, "message": error.detail})
    response = HttpResponse(body, status=error.status, content_type=encoding)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="callboard"'
    for name, value in error.headers.items():
        response[name] = value
    return response


def _accepted(
    encoding: str, reasons: Sequence[str], answer: Any, items: str, warnings: Sequence[str] = ()
) -> HttpResponse:
    told = " ".join(list(dict.fromkeys([*reasons, *warnings]))[:REASONS_TOLD])
    if encoding == JSON:
        camel = "rejectedSpans" if items == "spans" else "rejectedLogRecords"
        partial = {"partialSuccess": {camel: str(len(reasons)), "errorMessage": told}} if told else {}
        return HttpResponse(orjson.dumps(partial), content_type=JSON)
    if told:
        setattr(answer.partial_success, f"rejected_{items}", len(reasons))
        answer.partial_success.error_message = told
    return HttpResponse(answer.SerializeToString(), content_type=PROTOBUF)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
