"""OTLP requests as real applications send them: traces of three spans with a few kilobytes of text."""

from __future__ import annotations

import json
import os
import random
import time
import uuid
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS_PER_REQUEST = 512
STEPS = (("answer question", "chain"), ("search help pages", "retriever"), ("chat gpt-4o-mini", "llm"))
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5")
PROMPTS = ("support/refund", "support/triage", "search/rewrite", "summaries/daily")
_SECOND = 1_000_000_000
_LARGEST_SPAN = 64 * 1024
_SYLLABLES = ("ta", "re", "mi", "lo", "sen", "ver", "kun", "de", "al", "or", "in", "pa", "ste", "ring", "ho", "ble")


@dataclass
class Request:
    """A request body whose trace ids can be exchanged in place, so that sending costs next to nothing."""

    body: bytearray
    places: list[list[int]]

    @property
    def span_count(self) -> int:
        return sum(map(len, self.places))

    def renew(self) -> bytearray:
        """Give every trace a new id and return the body."""
        ids = os.urandom(16 * len(self.places))
        for number, places in enumerate(self.places):
            trace_id = ids[16 * number : 16 * number + 16]
            for place in places:
                self.body[place : place + 16] = trace_id
        return self.body


class Traffic:
    """Makes requests; the same seed makes the same texts."""

    def __init__(self, *, seed: int = 7, started_within_seconds: float = 60.0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - texts of a benchmark
        self._within_ns = int(started_within_seconds * _SECOND)
        self._words = ["".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4))) for _ in range(4000)]
        self._sessions = [str(uuid.UUID(int=self._random.getrandbits(128))) for _ in range(500)]

    def request(self, spans: int = SPANS_PER_REQUEST) -> Request:
        """Return a request of this many spans; the last trace is cut short when they do not divide by three."""
        message = ExportTraceServiceRequest()
        resource = message.resource_spans.add()
        for key, value in _RESOURCE.items():
            _add(resource.resource, key, value)
        scope = resource.scope_spans.add()
        scope.scope.name = "callboard-bench"
        ids = []
        while (left := spans - len(scope.spans)) > 0:
            ids.append(os.urandom(16))
            self._add_trace(scope, ids[-1], steps=min(left, len(STEPS)))
        body = message.SerializeToString()
        return Request(bytearray(body), _places(body, ids))

    def text(self, words: int) -> str:
        """Return a text of about six characters a word."""
        return " ".join(self._random.choices(self._words, k=words)).capitalize() + "."

    def _add_trace(self, scope: Any, trace_id: bytes, *, steps: int) -> None:
        start_ns = time.time_ns() - self._random.randrange(self._within_ns)
        user, session = f"customer-{self._random.randrange(2000)}", self._random.choice(self._sessions)
        root_id = os.urandom(8)
        for number, (name, kind) in enumerate(STEPS[:steps]):
            span = scope.spans.add(trace_id=trace_id, span_id=os.urandom(8) if number else root_id, name=name)
            span.parent_span_id = root_id if number else b""
            span.start_time_unix_nano = start_ns + number * 5_000_000
            span.end_time_unix_nano = span.start_time_unix_nano + self._random.randrange(_SECOND // 10, 3 * _SECOND)
            for key, value in {"callboard.kind": kind, "user.id": user, "session.id": session}.items():
                _add(span, key, value)
            for key, value in (self._call() if kind == "llm" else self._step()).items():
                _add(span, key, value)
            if self._random.random() < 0.01:
                span.status.code, span.status.message = 2, "The model did not answer in time."
                _add(span, "error.type", "TimeoutError")

    def _step(self) -> dict[str, Any]:
        return {
            "input.value": self.text(self._random.randint(90, 160)),
            "output.value": self.text(self._random.randint(80, 150)),
        }

    def _call(self) -> dict[str, Any]:
        model = self._random.choice(MODELS)
        asked = [_message("system", self.text(40)), _message("user", self.text(self._random.randint(130, 260)))]
        return {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
            "gen_ai.response.model": model, "gen_ai.response.id": f"chatcmpl-{self._random.getrandbits(96):024x}",
            "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 800,
            "gen_ai.usage.input_tokens": self._random.randint(200, 900), "gen_ai.usage.output_tokens": self._random.randint(40, 400),
            "gen_ai.response.time_to_first_chunk": self._random.uniform(0.1, 0.9),
            "gen_ai.prompt.name": self._random.choice(PROMPTS), "gen_ai.prompt.version": self._random.randint(1, 3),
            "gen_ai.input.messages": json.dumps(asked),
            "gen_ai.output.messages": json.dumps([_message("assistant", self.text(self._random.randint(80, 200)))]),
        }  # fmt: skip


_RESOURCE = {
    "service.name": "shop-assistant", "service.version": "2026.11.3", "deployment.environment.name": "production",
    "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.37.0",
}  # fmt: skip


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _add(owner: Any, key: str, value: str | int | float) -> None:
    field = {str: "string_value", int: "int_value", float: "double_value"}[type(value)]
    setattr(owner.attributes.add(key=key).value, field, value)


def _places(body: bytes, ids: list[bytes]) -> list[list[int]]:
    """Return where each trace id stands; the traces stand one after the other."""
    found: list[list[int]] = []
    place = 0
    for trace_id in ids:
        found.append([])
        while (at := body.find(trace_id, place, place + _LARGEST_SPAN)) >= 0:
            found[-1].append(at)
            place = at + len(trace_id)
    return found
