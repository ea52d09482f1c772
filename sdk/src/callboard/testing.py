"""For the tests of an application: what would be recorded, as a list, without a network."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard import attributes
from callboard.client import Callboard
from callboard.lifecycle import replace_default
from callboard.prompt_store import PromptStore
from callboard.spans import Span
from callboard.tracing import Tracer

# A key that is well-formed and opens nothing, so that feedback tokens can be made in tests.
TEST_KEY = "cb_testtesttest_testtesttesttesttesttesttesttesttesttesttesd0b3e2"


@dataclass(frozen=True, slots=True)
class CapturedSpan:
    """One finished span."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    duration_ms: float
    input: Any
    output: Any
    error: str | None
    # Everything that would be sent, in the names of the OpenTelemetry conventions.
    attributes: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Captured(Sequence[CapturedSpan]):
    """The spans finished so far, in the order they finished, the feedback given and the outcomes told."""

    spans: list[CapturedSpan] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: Any) -> Any:
        return self.spans[index]

    def named(self, name: str) -> CapturedSpan:
        """Return the only span of this name; raises LookupError when there is none, or more than one."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} spans are named {name!r}; all names: {[span.name for span in self.spans]}")
        return found[0]


class _CapturingClient(Callboard):
    """A client that keeps everything in a list."""

    def __init__(self, captured: Captured) -> None:
        super().__init__(api_key=TEST_KEY, enabled=True, sample_rate=1.0, capture_content=True)
        self.prompt_store = PromptStore(make_fetcher=None)
        self.tracer = Tracer(sink=lambda span, _size: captured.spans.append(_captured(span)))
        self._captured = captured

    def _queue_feedback(self, items: list[dict[str, Any]]) -> bool:
        self._captured.feedback.extend(items)
        return True

    def _queue_outcome(self, item: dict[str, Any]) -> bool:
        self._captured.outcomes.append(item)
        return True


@contextlib.contextmanager
def capture(*, prompts: Mapping[str, str | Sequence[Mapping[str, Any]]] | None = None) -> Iterator[Captured]:
    """Collect what the functions of the package record in this block, and serve these prompts; nothing is sent.

    `prompts` maps names to a text or a list of messages, which become version 1 under the label `production`.
    """
    captured = Captured()
    before = replace_default(None)
    client = _CapturingClient(captured)
    for name, content in (prompts or {}).items():
        client.prompt_store.learn(_payload(name, content))
    replace_default(client)
    try:
        yield captured
    finally:
        replace_default(before)
        client.shutdown(0)


def _payload(name: str, content: str | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if isinstance(content, str):
        return {"name": name, "type": "text", "version": 1, "text": content}
    return {"name": name, "type": "chat", "version": 1, "messages": list(content)}


def _captured(span: Span) -> CapturedSpan:
    found = {key: attributes.flat(value) for key, value in attributes.of_span(span).items()}
    return CapturedSpan(
        name=span.name,
        kind=span.kind,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=f"{span.parent_id:016x}" if span.parent_id else None,
        duration_ms=(span.end_ns - span.start_ns) / 1e6,
        input=_content(found, "input"),
        output=_content(found, "output"),
        error=None if span.error is None else f"{span.error.type}: {span.error.message}",
        attributes=found,
    )


def _content(found: Mapping[str, Any], side: str) -> Any:
    """Return the input or output as it was given: messages and other values from their JSON."""
    messages = found.get(f"gen_ai.{side}.messages")
    if messages is not None:
        return json.loads(messages)
    value = found.get(f"{side}.value")
    if value is None or found.get(f"{side}.mime_type") != "application/json":
        return value
    return json.loads(value)
