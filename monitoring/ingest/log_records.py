"""Evaluation results to scores: those in OTLP logs, where other records are not kept, and those in the events of spans."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from monitoring import scores
from monitoring.errors import ScoreRefused
from monitoring.ingest.limits import INT64_MAX
from monitoring.ingest.spans import BodyUnreadable, RawSpan
from monitoring.models import ScoreSource, ScoreType
from monitoring.scores import NewScore

EVALUATION = "gen_ai.evaluation.result"
MAX_RECORDS = 5_000
# Each becomes a score, which takes longer to store than a span.
MAX_RESULTS = 1_000
TOO_MANY_RESULTS = "One request may carry 1,000 evaluation results; the others are not stored. Send smaller batches."
OTHER_RECORD = f"Only events named {EVALUATION} are kept, as scores; other log records are not stored."
NO_PLACE = "An evaluation result must carry the trace id of what it judges."
# Gives the same evaluation the same id however often it is sent.
_NAMESPACE = uuid.UUID("5f1cf0a2-8f1f-5c1b-9d3e-6d3e3a0f9a11")
_PLAIN = (str, int, float, bool)


class TooManyRecords(ValueError):
    """One request may carry 5,000 log records. Send smaller batches."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log record, as far as scores need it."""

    event: str
    trace_id: str
    span_id: str
    at_ns: int
    attributes: dict[str, Any]


def from_protobuf(body: bytes) -> list[LogRecord]:
    """Return the records of an ExportLogsServiceRequest."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BodyUnreadable("The body is not an OTLP logs export.") from error
    records = [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]
    if len(records) > MAX_RECORDS:
        raise TooManyRecords
    return [_of_message(record) for record in records]


def from_json(body: bytes) -> list[LogRecord]:
    """Return the records of an OTLP/JSON logs export."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyUnreadable("The body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise BodyUnreadable("The body is not an OTLP logs export.")
    records = list(_records(document))
    if len(records) > MAX_RECORDS:
        raise TooManyRecords
    return [_of_object(record) for record in records]


def of_spans(spans: Iterable[RawSpan]) -> list[LogRecord]:
    """Return the evaluation results that spans carry as events."""
    return [
        LogRecord(EVALUATION, span.trace_id.hex(), span.span_id.hex(), event.at_ns or span.end_ns, event.attributes)
        for span in spans
        if span.events
        for event in span.events
        if event.name == EVALUATION
    ]


def to_scores(records: Sequence[LogRecord], *, now: datetime) -> tuple[list[NewScore], list[str]]:
    """Return the scores that the records hold, and why each of the others holds none."""
    found: list[NewScore] = []
    refused: list[str] = []
    for record in records:
        try:
            if len(found) >= MAX_RESULTS:
                raise ScoreRefused(TOO_MANY_RESULTS)
            found.append(_score(record, now))
        except ScoreRefused as error:
            refused.append(str(error))
    return found, refused


def _score(record: LogRecord, now: datetime) -> NewScore:
    if record.event != EVALUATION:
        raise ScoreRefused(OTHER_RECORD)
    if not record.trace_id.strip("0"):
        raise ScoreRefused(NO_PLACE)
    value, label = (record.attributes.get(f"gen_ai.evaluation.score.{part}") for part in ("value", "label"))
    name, why = record.attributes.get("gen_ai.evaluation.name"), record.attributes.get("gen_ai.evaluation.explanation")
    said = [str(text) for text in (label if value is not None else None, why) if text]
    about = f"{record.trace_id} {record.span_id} {name} {record.at_ns} {value} {label}".encode("utf-8", "replace")
    item = {
        "id": str(uuid.uuid5(_NAMESPACE, about.decode())), "trace_id": record.trace_id,
        "span_id": record.span_id if record.span_id.strip("0") else None, "name": name or "evaluation",
        "data_type": ScoreType.NUMBER if value is not None else ScoreType.CATEGORY,
        "value": value, "string_value": label, "comment": ": ".join(said) or None, "created_at": _moment(record.at_ns),
    }  # fmt: skip
    return scores.checked(item, now=now, source=ScoreSource.API)


def _moment(at_ns: int) -> str | None:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat() if 0 < at_ns <= INT64_MAX else None


def _of_message(record: Any) -> LogRecord:
    attributes = {pair.key: _plain_value(pair.value) for pair in record.attributes}
    return LogRecord(
        event=record.event_name or str(attributes.get("event.name") or ""), trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(), at_ns=record.time_unix_nano or record.observed_time_unix_nano, attributes=attributes,
    )  # fmt: skip


def _plain_value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind) if kind else None
    return found if isinstance(found, _PLAIN) else None


def _of_object(record: dict[str, Any]) -> LogRecord:
    attributes = dict(_pairs(record.get("attributes")))
    at_ns = _int(record.get("timeUnixNano")) or _int(record.get("observedTimeUnixNano"))
    return LogRecord(
        event=str(record.get("eventName") or attributes.get("event.name") or ""), trace_id=str(record.get("traceId") or ""),
        span_id=str(record.get("spanId") or ""), at_ns=at_ns, attributes=attributes,
    )  # fmt: skip


def _records(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in _dicts(document.get("resourceLogs")):
        for scope in _dicts(resource.get("scopeLogs")):
            yield from _dicts(scope.get("logRecords"))


def _pairs(attributes: Any) -> Iterator[tuple[str, Any]]:
    for pair in _dicts(attributes):
        key, value = pair.get("key"), pair.get("value")
        if isinstance(key, str) and isinstance(value, dict):
            found = next(iter(value.values()), None)
            yield key, _number(found) if "intValue" in value else found if isinstance(found, _PLAIN) else None


def _number(value: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _int(value: Any) -> int:
    found = _number(value)
    return found if isinstance(found, int) and 0 <= found <= INT64_MAX else 0


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
