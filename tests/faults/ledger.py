"""What was sent, what was promised, and whether the database tells the same story afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SpanId = tuple[str, str]
_INPUTS = ("gen_ai.input.messages", "input.value")
_OUTPUTS = ("gen_ai.output.messages", "output.value")
_STORED = """
    SELECT replace(trace_id::text, '-', ''), lpad(to_hex(span_id), 16, '0'), coalesce(input, ''), coalesce(output, '')
    FROM span WHERE project_id = %s
"""
# Each of them is the number of stored spans, told by another table.
_COUNTERS = """
    SELECT (SELECT sum(span_count) FROM trace WHERE project_id = %(id)s),
        (SELECT sum(span_count) FROM usage_minute WHERE project_id = %(id)s),
        (SELECT sum(span_count) FROM usage_hour WHERE project_id = %(id)s),
        (SELECT sum(span_count) FROM usage_day WHERE project_id = %(id)s),
        (SELECT sum(accepted) FROM ingest_minute WHERE project_id = %(id)s),
        (SELECT sum(x & 1099511627775) FROM usage_minute, unnest(latency) x WHERE project_id = %(id)s)
"""


@dataclass(frozen=True)
class Verdict:
    """How the stored spans differ from what was promised; every number but the first two should be zero."""

    acked: int
    stored: int
    lost: int
    phantom: int
    doubled: int
    changed: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.phantom or self.doubled or self.changed)


class Ledger:
    """Spans with the digest of their texts; an acknowledgement reaches the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        self.sent: dict[SpanId, str] = {}
        self.acked: set[SpanId] = set()
        self._file = path.open("a", encoding="ascii")
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Return the ledger that another process wrote."""
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        ledger = cls(path)
        ledger.sent = {(trace_id, span_id): digest for word, trace_id, span_id, digest in lines if word == "sent"}
        ledger.acked = {(trace_id, span_id) for word, trace_id, span_id, _ in lines if word == "acked"}
        return ledger

    def include(self, other: Ledger) -> None:
        """Take over what another ledger says."""
        self.send(other.sent)
        self.acknowledge(other.acked)

    def send(self, spans: dict[SpanId, str]) -> None:
        """Note spans that are about to be sent."""
        with self._lock:
            self._write("sent", spans)
            self.sent.update(spans)

    def acknowledge(self, ids: Iterable[SpanId]) -> None:
        """Note spans that the server said it has."""
        with self._lock:
            self._write("acked", {span: self.sent[span] for span in ids})
            os.fsync(self._file.fileno())
            self.acked.update(ids)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, word: str, spans: dict[SpanId, str]) -> None:
        self._file.writelines(f"{word} {trace} {span} {digest}\n" for (trace, span), digest in spans.items())
        self._file.flush()


def spans_in(body: bytes | bytearray) -> dict[SpanId, str]:
    """Return the spans of an OTLP request with the digests of their texts."""
    request = ExportTraceServiceRequest.FromString(bytes(body))
    spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    return {(span.trace_id.hex(), span.span_id.hex()): _digest_of_sent(span) for span in spans}


def digest(given: str, answered: str) -> str:
    """Return one digest for what went in and what came out; messages count by their texts, not by their notation."""
    return hashlib.sha256("\x1e".join(("\x1f".join(_texts(given)), "\x1f".join(_texts(answered)))).encode()).hexdigest()


def compare(ledger: Ledger, rows: list[tuple[SpanId, str]]) -> Verdict:
    """Hold the stored spans against the ledger."""
    stored = dict(rows)
    return Verdict(
        acked=len(ledger.acked),
        stored=len(stored),
        lost=len(ledger.acked - stored.keys()),
        phantom=len(stored.keys() - ledger.sent.keys()),
        doubled=sum(count - 1 for count in Counter(span for span, _ in rows).values()),
        changed=sum(ledger.sent[span] != found for span, found in stored.items() if span in ledger.sent),
    )


def audit(database_url: str, project_id: int, ledger: Ledger) -> Verdict:
    """Return the verdict; fail when it is not clean, or when a counter tells another story than the spans."""
    with psycopg.connect(database_url) as connection:
        rows = [
            ((trace_id, span_id), digest(given, answered))
            for trace_id, span_id, given, answered in connection.execute(_STORED, [project_id])
        ]
        counted = connection.execute(_COUNTERS, {"id": project_id}).fetchone()
    verdict = compare(ledger, rows)
    assert verdict.is_clean, verdict
    assert counted is not None
    assert {int(count or 0) for count in counted} == {verdict.stored}, f"counters {counted} differ from {verdict}"
    return verdict


def _digest_of_sent(span: Any) -> str:
    values = {attribute.key: attribute.value.string_value for attribute in span.attributes}
    given, answered = (next((values[name] for name in names if name in values), "") for names in (_INPUTS, _OUTPUTS))
    return digest(given, answered)


def _texts(payload: str) -> list[str]:
    """Return the texts of a conversation in any of its notations, or the payload itself."""
    try:
        messages = json.loads(payload) if payload.startswith("[{") else None
    except ValueError:
        messages = None
    if messages is None:
        return [payload]
    return [
        part["content"] if isinstance(part, dict) else str(part)
        for message in messages
        for part in message.get("parts", [message.get("content", "")])
    ]
