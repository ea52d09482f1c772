"""Whatever stands under the names that Callboard reads: every span becomes a row, and every row is storable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.ingest import dialects
from monitoring.ingest.cleaning import clean
from monitoring.ingest.event_messages import DETAILS
from monitoring.ingest.rows import COLUMNS, Sender, build
from monitoring.ingest.spans import RawEvent
from tests.monitoring.ingest.spans import raw_span

SENDER = Sender(project_id=1, environment="", received_at=datetime.now(UTC))
PIECES = (
    "gen_ai.prompt.0.role", "gen_ai.prompt.0.content", "gen_ai.completion.0.tool_calls.0.name", "gen_ai.completion.0.finish_reason",
    "llm.input_messages.0.message.role", "llm.input_messages.0.message.contents.0.message_content.text",
    "llm.output_messages.3.message.tool_calls.1.tool_call.function.arguments", "llm.prompts.0.prompt.text",
    "retrieval.documents.0.document.content", "reranker.output_documents.0.document.score", "embedding.embeddings.0.embedding.text",
    "langfuse.trace.metadata.x", "traceloop.association.properties.y",
)  # fmt: skip
NAMES = [
    *(name for names in dialects.FACTS.values() for name in names), *(name for name, _ in dialects.KINDS),
    *(name for name, _ in (*dialects.INPUT, *dialects.OUTPUT)), *(name for names in dialects.ASIDE.values() for name in names),
    *dialects.METADATA_OBJECTS, *dialects.TAGS, *PIECES, "other",
]  # fmt: skip
WORDS = st.sampled_from(
    [
        "role",
        "content",
        "parts",
        "type",
        "text",
        "tool_call",
        "tool_calls",
        "function",
        "messages",
        "choices",
        "message",
        "input",
    ]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | WORDS
    | st.sampled_from(["1e999", "-1", "[", "{}", '"x"', "chat", "LLM", "2026-01-01T00:00:00Z", "\x00", "\ud800"])
    | st.sampled_from(['["\\u0000"]', '{"role": "user", "content": "a\\u0000b"}', '[{"parts": [{"type": "text", "text": 1}]}]'])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=8
)
AS_SENT = VALUES.map(clean)
# Much of it comes as JSON in a text.
SENT = AS_SENT | AS_SENT.map(lambda value: orjson.dumps(value).decode())
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES), SENT, max_size=8)
EVENTS = st.lists(
    st.builds(
        RawEvent,
        st.sampled_from(["gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt", DETAILS, "exception"]),
        st.integers(min_value=0, max_value=2**63 - 1),
        ATTRIBUTES
        | st.dictionaries(st.sampled_from(["content", "message", "gen_ai.event.content", "id", "role"]), SENT),
    ),
    max_size=3,
)


@settings(max_examples=300)
@given(ATTRIBUTES, EVENTS, ATTRIBUTES)
def test_any_value_under_any_known_name_becomes_a_storable_row(
    attributes: dict[str, Any], events: list[RawEvent], resource: dict[str, Any]
) -> None:
    span = raw_span(attributes=attributes, events=events, resource=resource)

    rows, rejected = build([span], SENDER)

    assert rejected == []
    for name, value in zip(COLUMNS, rows[0], strict=True):
        if isinstance(value, str):
            assert "\x00" not in value, name
            value.encode()
        if isinstance(value, int):
            assert -(2**63) <= value < 2**63, name
